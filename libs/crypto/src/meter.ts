/**
 * How often each costly operation was done in this process. No operation is counted inside another, so that
 * the sum of count × cost is the CPU time that the arithmetic needs: the floor that a benchmark compares with.
 */
export interface OperationCounts {
  /** A 48-byte point decoded, on the curve and in the subgroup. */
  g1Decode: number;
  /** A 96-byte point decoded, on the curve and in the subgroup. */
  g1DecodeUncompressed: number;
  /** A 96-byte point decoded, on the curve only. */
  g1DecodeCurve: number;
  /** A sum of such points shown to be in the subgroup. */
  g1SubgroupCheck: number;
  g1Encode: number;
  g1Add: number;
  /** One step of evaluating a commitment: times x, plus the next point. */
  hornerStep: number;
  /** Constant-time multiple of the generator. */
  g1MulBase: number;
  /** Multiple of the second generator. */
  g1MulSecond: number;
  /** Any other full multiple. */
  g1Mul: number;
  /** One term of a linear combination with 128-bit coefficients. */
  g1MulShort: number;
  /** A 96-byte signature decoded, on the curve and in the subgroup. */
  g2Decode: number;
  /** A signature share decoded, on the curve only. */
  g2DecodeCurve: number;
  /** A combined signature shown to be in the subgroup. */
  g2SubgroupCheck: number;
  /** One share's term in combining signatures. */
  lagrange: number;
  /** The division that combining ends with, where the indices call for one. */
  g2Mul: number;
  sign: number;
  /** One BLS verification: two pairings and a hash to the curve. */
  verify: number;
  ed25519Sign: number;
  ed25519Verify: number;
  /** A raw public key of X25519 or Ed25519 made into a key object. */
  keyImport: number;
  /** A raw private key made into a key object, which computes its public key. */
  privateKeyImport: number;
  ecdh: number;
  hkdf: number;
  aead: number;
}

export type Operation = keyof OperationCounts;

/** The counters of this process: they only ever grow. */
export const operations: OperationCounts = {
  g1Decode: 0,
  g1DecodeUncompressed: 0,
  g1DecodeCurve: 0,
  g1SubgroupCheck: 0,
  g1Encode: 0,
  g1Add: 0,
  hornerStep: 0,
  g1MulBase: 0,
  g1MulSecond: 0,
  g1Mul: 0,
  g1MulShort: 0,
  g2Decode: 0,
  g2DecodeCurve: 0,
  g2SubgroupCheck: 0,
  lagrange: 0,
  g2Mul: 0,
  sign: 0,
  verify: 0,
  ed25519Sign: 0,
  ed25519Verify: 0,
  keyImport: 0,
  privateKeyImport: 0,
  ecdh: 0,
  hkdf: 0,
  aead: 0,
};

export const OPERATIONS = Object.keys(operations) as readonly Operation[];

/** What `run` did, next to what it returned. `run` is synchronous: nothing else is counted meanwhile. */
export function countOperations<T>(run: () => T): { readonly result: T; readonly counts: OperationCounts } {
  const before = { ...operations };
  const result = run();
  const counts = { ...operations };
  for (const name of OPERATIONS) counts[name] -= before[name];
  return { result, counts };
}

/** Microseconds that `counts` take at `costs` (microseconds each, of `measureCosts`). */
export function costOf(counts: OperationCounts, costs: Readonly<Record<Operation, number>>): number {
  let total = 0;
  for (const name of OPERATIONS) total += counts[name] * costs[name];
  return total;
}
