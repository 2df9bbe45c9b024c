import type { State } from '@witan/dkg';
import type { Kind } from '@witan/wire';
import { sealEnvelope } from '@witan/wire';
import { NETWORK_TAG } from '../network-tag.ts';
import type { Random } from '../random.ts';
import { readStatement, type Statement } from '../statement.ts';
import type { SimNode, World } from '../world.ts';
import type { LieKind } from './kinds.ts';

/** What a lie is made from: who lies, and what it and its accomplices know. */
export interface Liar {
  readonly node: SimNode;
  readonly world: World;
  readonly random: Random;
  readonly kinds: ReadonlySet<LieKind>;
  readonly memory: Memory;
  /** All Byzantine nodes: they act as one. */
  readonly accomplices: readonly SimNode[];
  /** Picks the victims of a lie, at least one if there is any. */
  choose<T>(items: readonly T[]): readonly T[];
  /** Its own state of a session in the middle of a step; otherwise what its actor has. */
  glimpse: State | undefined;
}

/** What each receiver gets in the place of one message; `same` when it is the same for all. */
export type Told = ((receiver: string) => readonly Uint8Array[]) & { readonly same?: readonly Uint8Array[] };

/** Undefined: this lie has nothing to say about such a message. */
export type Lie = (liar: Liar, truth: Statement, raw: Uint8Array) => Told | undefined;

const REMEMBERED = 96;

/** What went over the network lately, and what votes were about. */
export class Memory {
  readonly recent: { readonly topic: string; readonly raw: Uint8Array }[] = [];
  /** Hashes voted for, by what the vote is on: session and phase, or the section. */
  readonly values = new Map<string, Set<string>>();
  /** Decisions that were proposed, by hash. */
  readonly decisions = new Map<string, Uint8Array>();
  /** Views beyond all that there are, each voted in once. */
  farView = 1000;
  /** Statements of the liars themselves, by kind of payload. */
  readonly own: Statement[] = [];

  hear(topic: string, raw: Uint8Array): void {
    this.recent.push({ topic, raw });
    if (this.recent.length > REMEMBERED) this.recent.shift();
  }
}

export function everyone(...messages: Uint8Array[]): Told {
  return Object.assign(() => messages, { same: messages });
}

interface Telling {
  readonly truth: Statement;
  /** The liar's own, in the middle of a step. */
  readonly state: State;
  readonly invent: () => Told;
}

/**
 * The lie that everyone gets in the place of the truth, and that the liar itself goes on from; undefined when it says
 * different things to different receivers, or the truth.
 */
export function tellAll(
  liar: Liar,
  told: Map<string, Told>,
  { truth, state, invent }: Telling,
): Uint8Array | undefined {
  liar.glimpse = state;
  const telling = told.get(truth.id) ?? invent();
  liar.glimpse = undefined;
  told.set(truth.id, telling);
  const lie = telling.same?.[0];
  const statement = lie && readStatement(lie);
  if (!statement || statement.slot !== truth.slot || statement.id === truth.id) return undefined;
  if (!told.has(statement.id)) told.set(statement.id, everyone(...telling.same!));
  return lie;
}

/** One of several, drawn anew for each receiver and then kept. */
export function oneEach(random: Random, choices: readonly (readonly Uint8Array[])[]): Told {
  const chosen = new Map<string, readonly Uint8Array[]>();
  return (receiver) => {
    const told = chosen.get(receiver) ?? random.pick(choices);
    chosen.set(receiver, told);
    return told;
  };
}

export function sign({ node }: Liar, kind: Kind, body: Uint8Array): Uint8Array {
  return sealEnvelope(node.identity, NETWORK_TAG, kind, body).raw;
}

export function stateOf({ node, glimpse }: Liar, session: string | undefined): State | undefined {
  if (session === undefined) return undefined;
  return glimpse?.session.id === session ? glimpse : node.elder?.sessions.all.get(session)?.state;
}
