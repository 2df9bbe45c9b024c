import { bool, bytes, type Codec, fixed, type Infer, list, malformed, optional, struct, u8, u32 } from '@witan/wire';
import {
  type Hash,
  type Holdings,
  MAX_EXTRA_BYTES,
  MAX_WANTS,
  type Output,
  type ProposalInput,
  type VoteRecord,
  type VoteStep,
} from './types.ts';

/** Eight bitmap bits a byte: sections and sessions of up to 1024 members. */
const MAX_BITMAP_BYTES = 128;

const STEPS: readonly VoteStep[] = ['prevote', 'precommit'];

const step: Codec<VoteStep> = {
  write: (w, v) => w.uint(STEPS.indexOf(v), 1),
  read: (r) => {
    const tag = u8.read(r);
    const found = STEPS[tag];
    if (!found) throw malformed(`unknown step ${tag}`);
    return found;
  },
};

const hash: Codec<Hash> = {
  write: (w, v) => fixed(32).write(w, hashBytes(v)),
  read: (r) => hashText(fixed(32).read(r)),
};

/** What a member signs to vote. `value` is the SHA-256 of what it votes for; without it, it votes for nothing. */
export const voteCodec = struct({
  instance: fixed(32),
  view: u32,
  step,
  value: optional(fixed(32)),
  fast: bool,
  extra: bytes(MAX_EXTRA_BYTES),
});
export type Vote = Infer<typeof voteCodec>;

/**
 * What a proposer signs.
 * @param maxValueBytes the most that what is decided there can have: a longer value is malformed
 */
export function proposalCodec(maxValueBytes: number) {
  return struct({ instance: fixed(32), view: u32, validView: optional(u32), value: bytes(maxValueBytes) });
}
export type Proposal = Infer<ReturnType<typeof proposalCodec>>;

const bitmap = bytes(MAX_BITMAP_BYTES);

/** The part of an anti-entropy request that is about one agreement. */
export const holdingsCodec: Codec<Holdings> = struct({
  view: u32,
  proposal: bool,
  prevotes: bitmap,
  precommits: bitmap,
  polka: optional(struct({ view: u32, hash, prevotes: bitmap })),
  first: optional(bitmap),
  wants: list(hash, MAX_WANTS),
});

export function voteOf(
  instance: Uint8Array,
  cast: Pick<VoteRecord, 'view' | 'step' | 'hash' | 'fast' | 'extra'>,
): Vote {
  const { view, step, hash, fast, extra } = cast;
  return { instance, view, step, value: hash === null ? undefined : hashBytes(hash), fast, extra };
}

/** @param raw the signed bytes that `vote` was decoded from */
export function voteRecord(voter: number, { view, step, value, fast, extra }: Vote, raw: Uint8Array): VoteRecord {
  return { voter, view, step, hash: value ? hashText(value) : null, fast, extra, raw };
}

export function proposalOf(instance: Uint8Array, output: Output & { type: 'propose' }): Proposal {
  const { view, validView, value } = output;
  return { instance, view, validView, value };
}

/** @param raw the signed bytes that `proposal` was decoded from */
export function proposalInput(from: number | undefined, proposal: Proposal, raw: Uint8Array): ProposalInput {
  const { view, validView, value } = proposal;
  return { from, view, validView, value, raw };
}

function hashBytes(text: Hash): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}

function hashText(raw: Uint8Array): Hash {
  return Buffer.from(raw).toString('hex');
}
