import { PHASES, Reason } from '@witan/api';
import { BLAME_REASONS } from '@witan/dkg';
import { type Static, Type } from 'typebox';
import { Check } from 'typebox/value';

const Name = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Phase = Type.Enum([...PHASES]);
const Names = Type.Array(Name, { maxItems: 256 });
const Bytes = Type.String({ pattern: '^([A-Za-z0-9_-]{4})*([A-Za-z0-9_-]{2,3})?$', maxLength: 256 * 1024 });
const LAST_MS = Date.UTC(9999, 11, 31);
const base = { wallMs: Type.Integer({ minimum: 0, maximum: LAST_MS }), at: Type.Number() };

/** One line of what a node says about a session. Shown to people, so its form is checked and its size bounded. */
const Entry = Type.Union([
  Type.Object({ ...base, type: Type.Literal('started') }),
  Type.Object({
    ...base,
    type: Type.Literal('phase'),
    phase: Phase,
    expected: Type.Integer({ minimum: 0, maximum: 256 }),
  }),
  Type.Object({ ...base, type: Type.Literal('message'), phase: Phase, from: Name, id: Hash }),
  Type.Object({
    ...base,
    type: Type.Literal('closed'),
    phase: Phase,
    view: Type.Integer({ minimum: 0, maximum: 0xffffffff }),
    included: Names,
  }),
  Type.Object({ ...base, type: Type.Literal('asked'), to: Name, reason: Reason }),
  Type.Object({
    ...base,
    type: Type.Literal('answered'),
    from: Name,
    recovered: Type.Integer({ minimum: 0, maximum: 100_000 }),
    result: Reason,
  }),
  Type.Object({
    ...base,
    type: Type.Literal('blame'),
    node: Name,
    reason: Type.Enum([...BLAME_REASONS]),
    phase: Phase,
    evidence: Type.Array(Bytes, { maxItems: 512 }),
  }),
  Type.Object({ ...base, type: Type.Literal('stalled'), phase: Phase, waitingOn: Names }),
  Type.Object({ ...base, type: Type.Literal('resumed'), phase: Phase }),
  Type.Object({
    ...base,
    type: Type.Literal('done'),
    key: Type.String({ pattern: '^[0-9a-f]{96}$' }),
    usableShare: Type.Boolean(),
  }),
  Type.Object({ ...base, type: Type.Literal('failed'), reason: Type.String({ maxLength: 256 }) }),
]);
export type ReportEntry = Static<typeof Entry>;

/** The entries that have the form of one; others are left out. */
export function readEntries(value: unknown): readonly ReportEntry[] {
  return Array.isArray(value) ? value.filter((each): each is ReportEntry => Check(Entry, each)) : [];
}
