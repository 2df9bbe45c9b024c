import { tolerated } from '@witan/chain';
import { sha256, toHex } from '@witan/crypto';
import { forms, PHASES, type State } from '@witan/dkg';
import { isWitanError } from '@witan/errors';
import { forms as sectionForms } from '@witan/section';
import { decode, encode } from '@witan/wire';
import type { Outgoing, Tamper } from '../network.ts';
import type { Random } from '../random.ts';
import { readStatement, type Statement } from '../statement.ts';
import type { SimNode, World } from '../world.ts';
import { lieInAnswer, retold } from './answer-lies.ts';
import type { LieKind } from './kinds.ts';
import { everyone, type Liar, type Lie, type Memory, oneEach, sign, type Told, tellAll } from './liar.ts';
import { lyingMachine } from './lying-machine.ts';
import { messageLies } from './message-lies.ts';
import { echo, noiseLies } from './noise-lies.ts';
import { voteLies } from './vote-lies.ts';

const LIES: Partial<Record<LieKind, Lie>> = { ...messageLies, ...voteLies, ...noiseLies };
const ANSWER_LIES: readonly LieKind[] = [
  'no-answer',
  'empty-answer',
  'endless-answer',
  'luring-answer',
  'false-answer',
];
/** How often a liar lies where it can. */
const MALICE = 0.8;

export interface TraitorOptions {
  readonly node: SimNode;
  readonly world: World;
  readonly random: Random;
  readonly kinds: readonly LieKind[];
  readonly accomplices: readonly SimNode[];
  readonly memory: Memory;
  /** Told of each lie as it is told. */
  readonly onLie: (kind: LieKind) => void;
}

/**
 * A Byzantine node: runs what everyone runs, and tells the others something else. What it says about one thing it
 * says again in the same way, as one does who wants to be believed.
 */
export class Traitor implements Tamper {
  reformed = false;
  readonly dkgMachine = lyingMachine((raw, state) => this.#lieForAll(raw, state));
  readonly #liar: Liar;
  readonly #onLie: (kind: LieKind) => void;
  readonly #told = new Map<string, Told>();
  readonly #silentAbout: ReadonlySet<string>;

  constructor({ node, world, random, kinds, accomplices, memory, onLie }: TraitorOptions) {
    const choose = <T>(items: readonly T[]) => random.sample(items, random.between(1, Math.max(1, items.length)));
    this.#liar = { node, world, random, kinds: new Set(kinds), accomplices, memory, choose, glimpse: undefined };
    this.#onLie = onLie;
    const subjects = [
      ...PHASES,
      'prevote',
      'precommit',
      'opening',
      'section-prevote',
      'section-precommit',
      'heartbeat',
    ];
    this.#silentAbout = new Set(random.chance(0.3) ? subjects : random.sample(subjects, random.between(1, 3)));
  }

  broadcast(raw: Uint8Array, _topic: string, receiver: string): readonly Uint8Array[] {
    const statement = readStatement(raw);
    if (this.reformed || !statement || !this.#mayLie(statement)) return [raw];
    const told = this.#told.get(statement.id) ?? this.#invent(statement, raw);
    this.#told.set(statement.id, told);
    return told(receiver);
  }

  request(raw: Uint8Array, verb: string, _receiver: string): Uint8Array {
    const { kinds } = this.#liar;
    if (this.reformed || verb !== 'ae.dkg' || !kinds.has('lure')) return raw;
    return this.#lure(raw) ?? raw;
  }

  answer(truth: Uint8Array, verb: string, request: Uint8Array, asker: string): Uint8Array | undefined {
    const { kinds, random } = this.#liar;
    const able = ANSWER_LIES.filter((kind) => kinds.has(kind));
    if (this.reformed) return truth;
    if (kinds.has('echo')) {
      this.#onLie('echo');
      echo(this.#liar, verb, request, asker);
    }
    // Who asks is told what it was told before.
    const answer = retold(verb, truth, (raw) => this.#told.get(readStatement(raw)?.id ?? '')?.(asker) ?? [raw]);
    if (able.length === 0 || !random.chance(MALICE)) return answer;
    const kind = random.pick(able);
    this.#onLie(kind);
    return lieInAnswer(this.#liar, kind, { verb, request, answer });
  }

  /** One message for everyone in the place of a true one: then it is also what this node itself goes on from. */
  #lieForAll(raw: Uint8Array, state: State): Uint8Array | undefined {
    const truth = readStatement(raw);
    if (this.reformed || !truth || !this.#mayLie(truth)) return undefined;
    return tellAll(this.#liar, this.#told, { truth, state, invent: () => this.#invent(truth, raw) });
  }

  #invent(truth: Statement, raw: Uint8Array): Told {
    const { random, kinds } = this.#liar;
    if (truth.payload) this.#liar.memory.own.push(truth);
    for (const kind of random.sample([...kinds], kinds.size)) {
      if (!random.chance(MALICE)) continue;
      const told = this.#tell(kind, truth, raw);
      if (!told) continue;
      this.#onLie(kind);
      return told;
    }
    return everyone(raw);
  }

  #tell(kind: LieKind, truth: Statement, raw: Uint8Array): Told | undefined {
    if (kind === 'silence') return this.#silentAbout.has(truth.what) ? everyone() : undefined;
    if (kind === 'silence-to-some') return oneEach(this.#liar.random, [[raw], []]);
    return LIES[kind]?.(this.#liar, truth, raw);
  }

  /** Nobody promises anything about a group with more liars than it tolerates. */
  #mayLie({ session, kind }: Statement): boolean {
    const { node, accomplices } = this.#liar;
    const isSection = kind === 'sectionVote' || kind === 'sectionProposal';
    if (!isSection && session === undefined) return true;
    const group = isSection
      ? node.elder?.state.ledger?.elders
      : node.elder?.sessions.all.get(session!)?.session.participants;
    if (!group) return false;
    const liars = group.filter((each) => accomplices.some((other) => other.name === each.name));
    return liars.length <= tolerated(group.length);
  }

  #lure(raw: Uint8Array): Uint8Array | undefined {
    const statement = readStatement(raw);
    if (statement?.kind !== 'dkgHoldings' || !this.#mayLie(statement)) return undefined;
    this.#onLie('lure');
    const holdings = decode(forms.holdingsCodec, statement.body);
    const everything = PHASES.map(() => new Uint8Array(32).fill(0xff));
    const phase = this.#liar.random.pick([5, 255]);
    return sign(
      this.#liar,
      'dkgHoldings',
      encode(forms.holdingsCodec, { ...holdings, phase, messages: everything, wanted: [] }),
    );
  }
}

/** What the liars overhear: everything. */
export function overhear(memory: Memory, { form, about, bytes }: Outgoing): void {
  if (form === 'answer') return;
  memory.hear(about, bytes);
  const statement = readStatement(bytes);
  if (!statement) return;
  const { subject, value } = statement.ballot ?? {};
  if (subject !== undefined && value !== undefined) {
    memory.values.set(subject, (memory.values.get(subject) ?? new Set()).add(value));
  }
  if (statement.kind !== 'sectionProposal') return;
  try {
    const { value } = decode(sectionForms.proposalBody, statement.body).proposal;
    memory.decisions.set(toHex(sha256(value)), value);
  } catch (error) {
    if (!isWitanError(error)) throw error;
  }
}
