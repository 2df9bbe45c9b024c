import { copy, G1_BYTES, takeArena } from './arena.ts';
import { wasm } from './backend.ts';
import { decodeG1 } from './decode.ts';
import { mod, type Scalar, sub } from './field.ts';
import { fromHex } from './hash.ts';
import { operations } from './meter.ts';
import { type G1Point, loadPoint, storePoint } from './point.ts';

/** What the second generator is the hash of, and the domain separation tag it is hashed with (RFC 9380, section 3.1). */
export const SECOND_GENERATOR_MESSAGE = 'Witan: second generator of Pedersen commitments';
export const SECOND_GENERATOR_DST = 'WITAN-V01-CS01-with-BLS12381G1_XMD:SHA-256_SSWU_RO_';

/**
 * H, by hashing to G1, so that nobody knows its discrete logarithm to base G, on which the binding of every Pedersen
 * commitment rests. A test computes it again from the two strings.
 */
export const SECOND_GENERATOR: G1Point = decodeG1(
  fromHex('89dd05ea21d16a8b5185c78b31c4d33865a571fe724136136fe8bc431cfef27b3288025e34f417aca33a85bac001e38f'),
);

const WINDOW_BITS = 6;
const WINDOW = 1 << WINDOW_BITS;
const WINDOWS = Math.ceil(256 / WINDOW_BITS);

/** Address in the wasm memory of WINDOWS rows of WINDOW points: row i holds d·2^(6i)·H for d = 1 … 64. */
let table = 0;

/** Σ 2^(6i): what the digits are counted from, see `mulSecond`. */
const OFFSET: Scalar = mod((2n ** BigInt(WINDOW_BITS * WINDOWS) - 1n) / BigInt(WINDOW - 1));

/** Builds the table that `mulSecond` uses (some milliseconds), so that the first session does not have to. */
export function prepareTables(): void {
  if (table !== 0) return;
  const address = wasm._malloc(WINDOWS * WINDOW * G1_BYTES);
  if (address === 0) throw new RangeError('no wasm memory for the table of the second generator');
  let base = takeArena(G1_BYTES);
  storePoint(base, SECOND_GENERATOR);
  for (let i = 0; i < WINDOWS; i++) {
    const row = address + i * WINDOW * G1_BYTES;
    copy(row, base, G1_BYTES);
    for (let d = 1; d < WINDOW; d++) wasm._mclBnG1_add(row + d * G1_BYTES, row + (d - 1) * G1_BYTES, row);
    // Affine entries make each addition a third cheaper.
    wasm._mclBnG1_normalizeVec(row, row, WINDOW);
    base = row + (WINDOW - 1) * G1_BYTES;
  }
  table = address;
}

/**
 * scalar · H. The digits are those of scalar - Σ 2^(6i), each taken plus one, so that none is zero: whatever the
 * scalar, one look-up and one addition a window. (Which entries are read does depend on it: this is no defence
 * against an attacker on the same core, against whom the shares in JavaScript's numbers have none either.)
 */
export function mulSecond(scalar: Scalar): G1Point {
  prepareTables();
  operations.g1MulSecond++;
  const at = takeArena(G1_BYTES);
  let digits = sub(mod(scalar), OFFSET);
  for (let i = 0; i < WINDOWS; i++) {
    const entry = table + (i * WINDOW + Number(digits & BigInt(WINDOW - 1))) * G1_BYTES;
    if (i === 0) copy(at, entry, G1_BYTES);
    else wasm._mclBnG1_add(at, at, entry);
    digits >>= BigInt(WINDOW_BITS);
  }
  return loadPoint(at, true) as G1Point;
}
