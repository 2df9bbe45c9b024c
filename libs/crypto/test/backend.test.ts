import { afterEach, describe, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.doUnmock('@chainsafe/bls/getImplementation');
  vi.doUnmock('@chainsafe/blst');
  vi.doUnmock('bls-eth-wasm');
  vi.resetModules();
});

/** What importing the backends fails with. The error class is a fresh one too, so its code is what is compared. */
async function codeOfImport(): Promise<unknown> {
  vi.resetModules();
  return import('../src/backend.ts').then(
    () => 'loaded',
    (error) => error.code,
  );
}

describe('the backends', () => {
  test('are native blst, by name, and the wasm module', async () => {
    const { bls, blst, wasm } = await import('../src/backend.ts');
    expect(bls.implementation).toBe('blst-native');
    expect(blst.PUBLIC_KEY_LENGTH_COMPRESSED).toBe(48);
    expect(wasm._mclBnG1_mulVec).toBeTypeOf('function');
  });

  test('there is no silent fallback when the native library does not load', async () => {
    vi.doMock('@chainsafe/bls/getImplementation', () => ({
      getImplementation: async () => {
        throw new Error('cannot open shared object file');
      },
    }));
    expect(await codeOfImport()).toBe('WITAN_ERR_CRYPTO_BACKEND');
  });

  test('a missing wasm library is named too', async () => {
    vi.doMock('bls-eth-wasm', () => {
      throw new Error('not found');
    });
    expect(await codeOfImport()).toBe('WITAN_ERR_CRYPTO_BACKEND');
  });
});
