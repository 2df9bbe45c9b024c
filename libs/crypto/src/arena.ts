import { wasm } from './backend.ts';
import { type Scalar, scalarToBytes } from './field.ts';

/**
 * Working memory inside the wasm module. Operands are laid out once, a whole computation runs on their addresses,
 * and only the result is copied out: an addition costs its arithmetic and nothing else.
 *
 * There is one arena. A function takes it, computes and is done; it never calls another that takes it in between.
 */
export const G1_BYTES = 144;
export const G2_BYTES = 288;
export const FR_BYTES = 32;

let words = new Uint32Array(0);
let bytes = new Uint8Array(0);
let arena = 0;
let capacity = 0;

function refresh(): void {
  if (words.buffer === wasm.wasmMemory.buffer) return;
  words = new Uint32Array(wasm.wasmMemory.buffer);
  bytes = new Uint8Array(wasm.wasmMemory.buffer);
}

/** The address of at least `size` bytes, 16-byte aligned. What was there before is gone. */
export function takeArena(size: number): number {
  if (size > capacity) {
    if (arena !== 0) wasm._free(arena);
    capacity = Math.max(size, 2 * capacity, 1 << 15);
    arena = wasm._malloc(capacity);
    if (arena === 0) throw new RangeError(`no ${capacity} bytes of wasm memory`);
  }
  return arena;
}

export function storeWords(address: number, source: Uint32Array): void {
  refresh();
  words.set(source, address >> 2);
}

export function loadWords(address: number, size: number): Uint32Array {
  refresh();
  return words.slice(address >> 2, (address + size) >> 2);
}

export function storeBytes(address: number, source: Uint8Array): void {
  refresh();
  bytes.set(source, address);
}

export function loadBytes(address: number, size: number): Uint8Array {
  refresh();
  return bytes.slice(address, address + size);
}

export function copy(to: number, from: number, size: number): void {
  refresh();
  words.copyWithin(to >> 2, from >> 2, (from + size) >> 2);
}

export function clear(address: number, size: number): void {
  refresh();
  words.fill(0, address >> 2, (address + size) >> 2);
}

/** Writes the scalar in the module's own form; `FR_BYTES` at `address`, which also serves for the bytes on the way. */
export function storeScalar(address: number, scalar: Scalar): void {
  storeBytes(address, scalarToBytes(scalar));
  wasm._mclBnFr_setBigEndianMod(address, address, FR_BYTES);
}
