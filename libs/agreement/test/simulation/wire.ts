import { decode, encode } from '@witan/wire';
import {
  type Hash,
  type Holdings,
  holdingsCodec,
  type ProposalInput,
  proposalCodec,
  proposalInput,
  type VoteRecord,
  type VoteStep,
  voteCodec,
  voteOf,
  voteRecord,
} from '../../src/index.ts';

/*
 * Signed bytes as the simulation has them: kind, author, body. That nobody writes another's author byte stands for
 * signatures that cannot be forged.
 */

export const INSTANCE = new Uint8Array(32).fill(5);
const [VOTE, PROPOSAL] = [1, 2];
const proposal = proposalCodec(4096);
export const COORDINATOR = 255;

export function signVote(
  author: number,
  view: number,
  step: VoteStep,
  hash: Hash | null,
  extra: Uint8Array,
  fast = false,
): Uint8Array {
  return envelope(VOTE, author, encode(voteCodec, voteOf(INSTANCE, { view, step, hash, fast, extra })));
}

export function signProposal(
  author: number,
  view: number,
  validView: number | undefined,
  value: Uint8Array,
): Uint8Array {
  return envelope(PROPOSAL, author, encode(proposal, { instance: INSTANCE, view, validView, value }));
}

function envelope(kind: number, author: number, body: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([Buffer.of(kind, author), body]));
}

type Opened = { readonly vote: VoteRecord } | { readonly proposal: ProposalInput };

// Everyone gets the same bytes object; opening it once is enough.
const opened = new WeakMap<Uint8Array, Opened>();

export function open(raw: Uint8Array): Opened {
  const found = opened.get(raw) ?? openBytes(raw);
  opened.set(raw, found);
  return found;
}

function openBytes(raw: Uint8Array): Opened {
  const [kind, author] = raw;
  const body = raw.subarray(2);
  if (kind === VOTE) return { vote: voteRecord(author!, decode(voteCodec, body), raw) };
  return { proposal: proposalInput(author === COORDINATOR ? undefined : author, decode(proposal, body), raw) };
}

export function sameHoldings(theirs: Holdings): Holdings {
  return decode(holdingsCodec, encode(holdingsCodec, theirs));
}
