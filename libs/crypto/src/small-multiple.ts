import { copy, G1_BYTES } from './arena.ts';
import { wasm } from './backend.ts';

/**
 * Multiples by small public integers: participants' x in a commitment, the cofactor. Doublings and additions on
 * addresses of the arena; each integer's chain is made once.
 */
const chains = new Map<number, Int8Array>();
const CHAINS_MAX = 1024;
/** A doubling costs about half an addition. */
const DOUBLING_COST = 0.55;

/** Digits -1, 0, 1 from the second most significant on (the first is always 1); `x` is a positive integer. */
function chain(x: number): Int8Array {
  let digits = chains.get(x);
  if (digits === undefined) {
    const plain = binary(x);
    const signed = nonAdjacent(x);
    digits = cost(signed) < cost(plain) ? signed : plain;
    if (chains.size < CHAINS_MAX) chains.set(x, digits);
  }
  return digits;
}

function binary(x: number): Int8Array {
  return Int8Array.from(x.toString(2), Number).subarray(1);
}

function nonAdjacent(x: number): Int8Array {
  const digits: number[] = [];
  for (let rest = x; rest > 0; rest = Math.floor(rest / 2)) {
    const digit = rest % 2 === 0 ? 0 : 2 - (rest % 4);
    digits.push(digit);
    rest -= digit;
  }
  return Int8Array.from(digits.reverse()).subarray(1);
}

function cost(digits: Int8Array): number {
  return digits.reduce((total, digit) => total + DOUBLING_COST + Math.abs(digit), 0);
}

/** point ← x · point, in place. `spare` is room for one more point. `x` is a positive safe integer. */
export function multiplySmall(point: number, x: number, spare: number): void {
  if (x === 1) return;
  const digits = chain(x);
  copy(spare, point, G1_BYTES);
  for (let i = 0; i < digits.length; i++) {
    wasm._mclBnG1_dbl(point, point);
    if (digits[i] === 1) wasm._mclBnG1_add(point, point, spare);
    else if (digits[i] === -1) wasm._mclBnG1_sub(point, point, spare);
  }
}

/**
 * 1 - z for the curve's parameter z = -0xd201000000010000: multiplying by it takes all of E(Fp) into G1
 * (RFC 9380, section 8.8.1; Wahby and Boneh, "Fast and simple constant-time hashing to the BLS12-381 curve", 2019).
 */
export const EFFECTIVE_COFACTOR = 0xd201000000010001n;
const COFACTOR_DIGITS = Int8Array.from(EFFECTIVE_COFACTOR.toString(2), Number).subarray(1);

/** point ← (1 - z) · point, exactly: no reduction of the factor mod r, which would not hold outside the subgroup. */
export function clearCofactor(point: number, spare: number): void {
  copy(spare, point, G1_BYTES);
  for (let i = 0; i < COFACTOR_DIGITS.length; i++) {
    wasm._mclBnG1_dbl(point, point);
    if (COFACTOR_DIGITS[i] === 1) wasm._mclBnG1_add(point, point, spare);
  }
}
