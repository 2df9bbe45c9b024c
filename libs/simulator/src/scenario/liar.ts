import type { State } from '@witan/dkg';
import { retold } from '../byzantine/answer-lies.ts';
import type { LieKind } from '../byzantine/kinds.ts';
import { everyone, type Liar, type Lie, Memory, type Told, tellAll } from '../byzantine/liar.ts';
import { lyingMachine } from '../byzantine/lying-machine.ts';
import { messageLies } from '../byzantine/message-lies.ts';
import { ruined } from '../byzantine/noise-lies.ts';
import type { Tamper } from '../network.ts';
import type { Random } from '../random.ts';
import { readStatement, type Statement } from '../statement.ts';
import type { SimNode, World } from '../world.ts';

/** A lie of a scenario: what, about which message, and to whose cost. */
export interface Script {
  readonly kind: LieKind;
  /** Only about messages of this kind; about any that the lie fits, otherwise. */
  readonly what: string | undefined;
  /** Participants by index: the victims of the lie, or those who are accused, fooled, or told the other thing. */
  readonly victims: readonly number[] | undefined;
}

/** A node that tells exactly the lies that it is told to, and nothing else. */
export class ScriptedLiar implements Tamper {
  readonly dkgMachine = lyingMachine((raw, state) => this.#lieForAll(raw, state));
  readonly #liar: Liar;
  readonly #scripts: Script[] = [];
  readonly #told = new Map<string, Told>();
  #victims: readonly number[] | undefined;

  constructor(node: SimNode, world: World, random: Random, accomplices: () => readonly SimNode[]) {
    this.#liar = {
      node,
      world,
      random,
      kinds: new Set(),
      memory: new Memory(),
      get accomplices() {
        return accomplices();
      },
      glimpse: undefined,
      choose: (items) => (this.#victims ? items.filter((item) => this.#victims!.includes(item as number)) : items),
    };
  }

  #lieForAll(raw: Uint8Array, state: State): Uint8Array | undefined {
    const truth = readStatement(raw);
    if (!truth || this.#scripts.length === 0) return undefined;
    return tellAll(this.#liar, this.#told, { truth, state, invent: () => this.#invent(truth, raw) });
  }

  add(script: Script): void {
    this.#scripts.push(script);
  }

  broadcast(raw: Uint8Array, _topic: string, receiver: string): readonly Uint8Array[] {
    const statement = readStatement(raw);
    if (!statement || this.#scripts.length === 0) return [raw];
    const told = this.#told.get(statement.id) ?? this.#invent(statement, raw);
    this.#told.set(statement.id, told);
    return told(receiver);
  }

  /** Who asks is told what it was told before. */
  answer(answer: Uint8Array, verb: string, _request: Uint8Array, asker: string): Uint8Array | undefined {
    if (this.#scripts.some((script) => script.kind === 'no-answer')) return undefined;
    return retold(verb, answer, (raw) => this.#told.get(readStatement(raw)?.id ?? '')?.(asker) ?? [raw]);
  }

  #invent(truth: Statement, raw: Uint8Array): Told {
    for (const { kind, what, victims } of this.#scripts) {
      if (what !== undefined && what !== truth.what) continue;
      this.#victims = victims;
      const told = this.#lieOf(kind)?.(this.#liar, truth, raw);
      if (told) return told;
    }
    return everyone(raw);
  }

  #lieOf(kind: LieKind): Lie | undefined {
    if (kind === 'silence') return (_liar, truth) => (truth.payload ? everyone() : undefined);
    if (kind === 'garbage')
      return ({ random }, truth, raw) => (truth.payload ? everyone(ruined(random, raw)) : undefined);
    if (kind === 'silence-to-some') return this.#silenceToSome;
    if (kind === 'two-messages') return this.#twoMessages;
    const lie = (messageLies as Partial<Record<LieKind, Lie>>)[kind];
    if (!lie && kind !== 'no-answer') throw new Error(`no scenario tells the lie ${kind}`);
    return lie;
  }

  readonly #silenceToSome: Lie = (_liar, _truth, raw) => {
    const victims = this.#victims ?? [];
    return (to) => (victims.includes(this.#indexOf(to)) ? [] : [raw]);
  };

  /** The true message for most, another for the victims. */
  readonly #twoMessages: Lie = (liar, truth, raw) => {
    const victims = this.#victims ?? [];
    const drawn = messageLies['two-messages'](liar, truth, raw);
    if (!drawn) return undefined;
    const other = this.#otherOf(drawn, raw);
    return (to) => (victims.includes(this.#indexOf(to)) ? [other] : [raw]);
  };

  /** Asks the random lie until it shows its second message. */
  #otherOf(drawn: Told, raw: Uint8Array): Uint8Array {
    for (let count = 0; count < 100; count++) {
      const [message] = drawn(`anyone ${count}`);
      if (message && message !== raw) return message;
    }
    throw new Error('no second message');
  }

  #indexOf(name: string): number {
    return this.#liar.world.nodeOf(name)?.index ?? -1;
  }
}
