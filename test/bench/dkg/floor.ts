import { costOf, OPERATIONS, type Operation, type OperationCounts } from '@witan/crypto';
import type { Costs } from '../costs.ts';

/** Arithmetic on the curve of the section key: commitments, shares, signatures. */
const GROUP: ReadonlySet<Operation> = new Set<Operation>([
  'g1Decode',
  'g1DecodeUncompressed',
  'g1DecodeCurve',
  'g1SubgroupCheck',
  'g1Encode',
  'g1Add',
  'hornerStep',
  'g1MulBase',
  'g1MulSecond',
  'g1Mul',
  'g1MulShort',
  'g2Decode',
  'g2DecodeCurve',
  'g2SubgroupCheck',
  'lagrange',
  'g2Mul',
  'sign',
  'verify',
]);

/** No public-key work: in neither reading of the floor, which makes it a little lower than it might be. */
const SYMMETRIC: ReadonlySet<Operation> = new Set<Operation>(['hkdf', 'aead']);

/** What the operations alone take. `group`: on the section key's curve; `crypto`: Ed25519 and X25519 too. */
export interface Floor {
  readonly groupMs: number;
  readonly cryptoMs: number;
}

export function floorOf(counts: OperationCounts, costs: Costs): Floor {
  const msOf = (counted: (name: Operation) => boolean) => {
    const some = { ...counts };
    for (const name of OPERATIONS) if (!counted(name)) some[name] = 0;
    return costOf(some, costs) / 1000;
  };
  return { groupMs: msOf((name) => GROUP.has(name)), cryptoMs: msOf((name) => !SYMMETRIC.has(name)) };
}
