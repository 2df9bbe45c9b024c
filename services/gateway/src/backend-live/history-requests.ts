import { toHex } from '@witan/crypto';
import { encodeHistoryRequest, HISTORIES_KEPT, openHistory, type Transport } from '@witan/elder';
import { type ReportEntry, readEntries } from './report-entry.ts';

const TIMEOUT_MS = 1000;
/** More than any honest node keeps of a session: one that promises more for ever is not asked for ever. */
const ENTRIES_MAX = 10_000;
/** One that does not answer so often, while it is there, does not know the session any more. */
const TRIES = 5;

/** The oldest go first: who has been away for so many sessions has little to tell. */
const OPEN_MAX = 1024;
/** A node has so many of the past, and one session that runs. */
const ASKED_OF_NODE = HISTORIES_KEPT + 1;

interface Question {
  readonly session: Uint8Array;
  readonly node: string;
  /** Whether the session was decided before this gateway listened. */
  readonly isHistory: boolean;
  after: number;
  tries: number;
  isAsked: boolean;
}

export interface HistoryRequestsOptions {
  readonly transport: Transport;
  /** The tag of the network. */
  readonly network: Uint8Array;
  /** Whether a node is there to be asked. */
  readonly isThere: (node: string) => boolean;
  readonly take: (session: string, node: string, entries: readonly ReportEntry[], isHistory: boolean) => void;
  /** Carries out what may throw at bad bytes. */
  readonly taking: (take: () => void) => void;
}

/** Asks participants for what they saw of a session before this gateway heard of it; those who are away, when they are back. */
export class HistoryRequests {
  readonly #options: HistoryRequestsOptions;
  readonly #open = new Set<Question>();
  readonly #noted: { readonly session: Uint8Array; readonly nodes: readonly string[] }[] = [];

  constructor(options: HistoryRequestsOptions) {
    this.#options = options;
  }

  /** Of a session that was decided now. */
  ask(session: Uint8Array, node: string): void {
    const question = questionOf(session, node, false);
    this.#add(question);
    this.#send(question);
  }

  /** Of a session that was decided before this gateway listened: who is asked, once it is known what came after it. */
  note(session: Uint8Array, nodes: readonly string[]): void {
    this.#noted.push({ session, nodes });
  }

  /**
   * Asks about what was noted and is still shown, the newest session first, and no node for more than it keeps: it would
   * refuse so many questions at once.
   */
  askNoted(isShown: (session: string) => boolean): void {
    const asked = new Map<string, number>();
    const questions: Question[] = [];
    for (const { session, nodes } of this.#noted.splice(0).reverse()) {
      if (!isShown(toHex(session))) continue;
      for (const node of nodes) {
        const count = (asked.get(node) ?? 0) + 1;
        if (count > ASKED_OF_NODE || questions.length === OPEN_MAX) continue;
        asked.set(node, count);
        questions.push(questionOf(session, node, true));
      }
    }
    for (const question of questions.toReversed()) this.#add(question);
    for (const question of questions) this.#send(question);
  }

  #add(question: Question): void {
    this.#open.add(question);
    if (this.#open.size > OPEN_MAX) this.#open.delete(this.#open.values().next().value!);
  }

  /** Asks again whoever has not answered, and is there now. */
  review(): void {
    for (const question of this.#open) {
      if (!question.isAsked && this.#options.isThere(question.node)) this.#send(question);
    }
  }

  #send(question: Question): void {
    const { transport, network, take, taking } = this.#options;
    const { session, node, isHistory, after } = question;
    const request = encodeHistoryRequest(session, after);
    question.isAsked = true;
    question.tries++;
    transport.request(node, 'dkg.history', request, TIMEOUT_MS, (result) => {
      question.isAsked = false;
      if (!result.ok) {
        if (question.tries >= TRIES) this.#open.delete(question);
        return;
      }
      this.#open.delete(question);
      taking(() => {
        const { entries, next, more } = openHistory(result.bytes, network, node, request);
        take(toHex(session), node, readEntries(entries), isHistory);
        if (!more || next <= after || next >= ENTRIES_MAX) return;
        const further = { ...question, after: next, tries: 0 };
        this.#open.add(further);
        this.#send(further);
      });
    });
  }
}

function questionOf(session: Uint8Array, node: string, isHistory: boolean): Question {
  return { session, node, isHistory, after: 0, tries: 0, isAsked: false };
}
