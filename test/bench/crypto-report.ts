import { supermajority } from '@witan/chain';
import { OPERATIONS, type Operation } from '@witan/crypto';
import { type Costs, costsNow } from './costs.ts';
import { table } from './table.ts';

export interface CryptoFigures {
  readonly participants: number;
  readonly costsUs: Costs;
}

const WHAT: Readonly<Record<Operation, string>> = {
  g1Decode: 'G1 point decoded, on the curve and in the subgroup',
  g1DecodeUncompressed: 'uncompressed point decoded, curve and subgroup',
  g1DecodeCurve: 'uncompressed point decoded, on the curve only',
  g1SubgroupCheck: 'subgroup check of a sum of such points',
  g1Encode: 'G1 point encoded',
  g1Add: 'G1 addition',
  hornerStep: 'Horner step of evaluating a commitment',
  g1MulBase: 'multiple of the generator, constant time',
  g1MulSecond: 'multiple of the second generator',
  g1Mul: 'any other multiple in G1',
  g1MulShort: 'term of a random linear combination, 128 bits',
  g2Decode: 'signature decoded, on the curve and in the subgroup',
  g2DecodeCurve: 'signature share decoded, on the curve only',
  g2SubgroupCheck: 'subgroup check of a combined signature',
  lagrange: 'signature share’s term in combining',
  g2Mul: 'division that combining may end with',
  sign: 'BLS signature',
  verify: 'BLS verification',
  ed25519Sign: 'Ed25519 signature',
  ed25519Verify: 'Ed25519 verification',
  keyImport: 'public key of X25519 or Ed25519 imported',
  privateKeyImport: 'private key of X25519 or Ed25519 imported',
  ecdh: 'X25519 exchange',
  hkdf: 'HKDF-SHA-256, 44 bytes',
  aead: 'ChaCha20-Poly1305, 64 bytes',
};

export function measureCrypto(participants: number): CryptoFigures {
  return { participants, costsUs: costsNow(participants, supermajority(participants)) };
}

export function cryptoReport(all: readonly CryptoFigures[]): string {
  return [
    'Operations: µs each (some depend on the size of the session)',
    table(
      ['operation', '', ...all.map(({ participants }) => `n = ${participants}`)],
      OPERATIONS.map((name) => [name, WHAT[name], ...all.map(({ costsUs }) => costsUs[name])]),
    ),
  ].join('\n');
}
