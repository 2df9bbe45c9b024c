import * as agreement from '@witan/agreement';
import { firstTurn } from '@witan/anti-entropy';
import { type Identity, type Scalar, sha256, toHex } from '@witan/crypto';
import type { VotedFact } from './facts.ts';
import type { Ledger } from './ledger.ts';
import type { Policy, Sight } from './policy.ts';

export interface Params {
  readonly policy: Policy;
  /** How long a gap may close by itself before someone is asked. */
  readonly catchUpMs: number;
  /** An undecided generation without progress for this long is asked about; doubles up to `progressMaxMs`. */
  readonly progressMs: number;
  readonly progressMaxMs: number;
  readonly requestTimeoutMs: number;
  readonly timeouts: agreement.Options['timeouts'];
}

/** What a node is given and never changes. */
export interface Env {
  readonly identity: Identity;
  readonly network: Uint8Array;
  readonly prefix: string;
  /** The trust anchor. Without one, the first genesis seen is kept for ever (trust on first use). */
  readonly genesisKey: Uint8Array | undefined;
  readonly params: Params;
  /**
   * Of a node that was put back to an earlier state: the generation that the section had reached by then, infinite while
   * that is not known. Whatever was decided on until then it may have voted on, and has forgotten.
   */
  readonly restoredAt?: number;
}

export interface State {
  readonly env: Env;
  readonly ledger: Ledger | undefined;
  /** Own shares of the current section key, by key in hex: those of earlier ones are destroyed. */
  readonly shares: ReadonlyMap<string, Scalar>;
  /** Agreement on the next generation; there once there is a ledger. */
  readonly agreement: agreement.State | undefined;
  /** Own votes on the next generation, as they are on disk: those that are needed yet, and how many are there. */
  readonly votes: readonly VotedFact[];
  readonly votesWritten: number;
  /** What this node sees of the others, from which follows what it wants decided. */
  readonly sight: Sight;
  readonly progress: Progress;
  /** As {@link Env.restoredAt}; below all generations for a node that never was. */
  readonly restoredAt: number;
}

export interface Progress {
  readonly learnt: number;
  readonly learntAtLastTick: number;
  readonly waitMs: number;
  readonly turn: number;
  /** Answers in a row that were asked on from, and brought no decision. */
  readonly followed: number;
  readonly asking: string | undefined;
  /** Who is known to have later decisions, and which generation. */
  readonly ahead: { readonly node: string; readonly generation: number } | undefined;
  readonly answered: ReadonlyMap<string, readonly number[]>;
  /** What became of the last question to one who is said to have more: it may be gone, or may not want to answer. */
  readonly behind: 'helped' | 'asked' | 'unhelped';
  /** When something that cannot be verified here (yet) was last believed to show that there is more to know. */
  readonly hintedAt: number;
}

export function emptyState(env: Env): State {
  return {
    env,
    ledger: undefined,
    shares: new Map(),
    agreement: undefined,
    votes: [],
    votesWritten: 0,
    sight: {
      at: 0,
      self: env.identity.name,
      since: 0,
      heard: new Map(),
      beats: new Map(),
      joins: new Map(),
      sessions: new Map(),
      shareless: new Map(),
      changedAt: 0,
    },
    progress: {
      learnt: 0,
      learntAtLastTick: 0,
      waitMs: env.params.progressMs,
      turn: firstTurn(env.identity.name),
      followed: 0,
      asking: undefined,
      ahead: undefined,
      answered: new Map(),
      behind: 'helped',
      hintedAt: Number.NEGATIVE_INFINITY,
    },
    restoredAt: env.restoredAt ?? -1,
  };
}

/** Own index among the elders of the current key, or -1. */
export function elderIndex({ ledger, env }: State): number {
  return ledger?.elders.findIndex((elder) => elder.name === env.identity.name) ?? -1;
}

/** Own share of the current key, when this node is an elder and has one. */
export function currentShare(state: State): Scalar | undefined {
  if (!state.ledger || elderIndex(state) < 0) return undefined;
  return state.shares.get(toHex(state.ledger.key));
}

/**
 * The share that this node votes with. Under a key that the section had when this node was restored it may have voted
 * already and has forgotten how: it signs attestations, of which there can be any number, and votes with the next key.
 */
export function votingShare(state: State): Scalar | undefined {
  if (!state.ledger) return undefined;
  const { generation: since } = state.ledger.chain.at(-1)!.certified.decision;
  return since <= state.restoredAt ? undefined : currentShare(state);
}

/** Agreement on the generation after `ledger`'s. An elder without its share can follow and cannot vote. */
export function freshAgreement(state: State, ledger: Ledger): agreement.State {
  const canVote = votingShare({ ...state, ledger }) !== undefined;
  return agreement.initial({
    instance: generationInstance(ledger),
    members: ledger.elders.length,
    me: canVote ? elderIndex({ ...state, ledger }) : -1,
    quorum: ledger.threshold,
    firstLeader: (ledger.generation + 1) % ledger.elders.length,
    openFirstView: false,
    fastPath: false,
    timeouts: state.env.params.timeouts,
  });
}

function generationInstance(ledger: Ledger): Uint8Array {
  const generation = Buffer.alloc(4);
  generation.writeUInt32BE(ledger.generation + 1);
  return sha256(Buffer.concat([Buffer.from('witan/section/generation/1'), ledger.head, generation]));
}
