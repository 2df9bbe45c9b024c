import type { IBls } from '@chainsafe/bls/types';
import { WitanError } from '@witan/errors';

/**
 * The two libraries behind the group arithmetic, loaded once for the process, while this module is imported:
 *
 * - blst (native): all that touches a secret, all that comes from outside, every pairing. `@chainsafe/bls` is asked
 *   for it by name, because by default it falls back to WebAssembly without a word, which is six times slower.
 *   Decoding and verifying go to `@chainsafe/blst` itself: the wrapper turns every refusal into `false`.
 * - bls-eth-wasm: additions and multiples of public points, which blst's binding does not offer.
 */
export type Blst = typeof import('@chainsafe/blst');

async function load<T>(name: string, from: () => Promise<T>): Promise<T> {
  try {
    return await from();
  } catch (cause) {
    throw new WitanError(
      'WITAN_ERR_CRYPTO_BACKEND',
      `${name} could not be loaded on ${process.platform}-${process.arch}`,
      {
        cause,
      },
    );
  }
}

/** Keys and signing: the ciphersuite BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_, secrets in constant time. */
export const bls: IBls = await load('blst (native)', async () => {
  const { getImplementation } = await import('@chainsafe/bls/getImplementation');
  return getImplementation('blst-native');
});

/** Decoding with the subgroup check told apart from the encoding check, and verification. */
export const blst: Blst = await load('blst (native)', async () => (await import('@chainsafe/blst')).default);

/** The functions of the wasm module that are used here, on addresses in its memory. G1: 144 bytes, G2: 288, Fr: 32. */
export interface WasmModule {
  readonly wasmMemory: { readonly buffer: ArrayBuffer };
  _malloc(bytes: number): number;
  _free(address: number): void;
  _mclBnG1_add(out: number, a: number, b: number): void;
  _mclBnG1_sub(out: number, a: number, b: number): void;
  _mclBnG1_dbl(out: number, a: number): void;
  _mclBnG1_neg(out: number, a: number): void;
  _mclBnG1_mul(out: number, a: number, scalar: number): void;
  _mclBnG1_mulVec(out: number, points: number, scalars: number, count: number): void;
  _mclBnG1_normalizeVec(out: number, points: number, count: number): void;
  _mclBnG1_isZero(a: number): number;
  _mclBnG1_isEqual(a: number, b: number): number;
  _mclBnG2_add(out: number, a: number, b: number): void;
  _mclBnG2_sub(out: number, a: number, b: number): void;
  _mclBnG2_dbl(out: number, a: number): void;
  _mclBnG2_mul(out: number, a: number, scalar: number): void;
  _mclBnFr_setBigEndianMod(out: number, bytes: number, length: number): number;
  _blsPublicKeySerialize(out: number, length: number, point: number): number;
  _blsPublicKeySerializeUncompressed(out: number, length: number, point: number): number;
  _blsPublicKeyDeserializeUncompressed(point: number, bytes: number, length: number): number;
  _blsSignatureSerializeUncompressed(out: number, length: number, point: number): number;
  _blsSignatureDeserializeUncompressed(point: number, bytes: number, length: number): number;
}

/**
 * Points reach the wasm module only after blst has checked them (or with their subgroup left open on purpose, see
 * torsion.ts), so its own order check, 200 µs a point, is switched off. The switch belongs to the wasm instance.
 */
export const wasm: WasmModule = await load('bls-eth-wasm', async () => {
  const { default: library } = await import('bls-eth-wasm');
  await library.init(library.BLS12_381);
  library.verifyPublicKeyOrder(false);
  library.verifySignatureOrder(false);
  // `mod` is the module itself: exported by the library, absent from its type declarations.
  return (library as unknown as { mod: WasmModule }).mod;
});
