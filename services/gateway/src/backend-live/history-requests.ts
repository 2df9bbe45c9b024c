import { toHex } from '@witan/crypto';
import { encodeHistoryRequest, openHistory, type Transport } from '@witan/elder';
import { type ReportEntry, readEntries } from './report-entry.ts';

const TIMEOUT_MS = 1000;
/** More than any honest node keeps of a session: one that promises more for ever is not asked for ever. */
const ENTRIES_MAX = 10_000;
/** One that does not answer so often, while it is there, does not know the session any more. */
const TRIES = 5;

/** The oldest go first: who has been away for so many sessions has little to tell. */
const OPEN_MAX = 1024;

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

  constructor(options: HistoryRequestsOptions) {
    this.#options = options;
  }

  ask(session: Uint8Array, node: string, isHistory: boolean): void {
    const question = { session, node, isHistory, after: 0, tries: 0, isAsked: false };
    this.#open.add(question);
    if (this.#open.size > OPEN_MAX) this.#open.delete(this.#open.values().next().value!);
    this.#send(question);
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
