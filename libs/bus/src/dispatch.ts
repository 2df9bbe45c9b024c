import { CODES, errorCode, WitanError, type WitanErrorCode } from '@witan/errors';
import type { BusEvent, BusMessage, Handler, Headers } from './bus.ts';
import type { Counters } from './counters.ts';
import { unavailable } from './failures.ts';

const DEFAULT_MAX_IN_FLIGHT = 1024;

/**
 * Hands the messages of one subscription to its handler, so that no handler can hurt the connection: what it throws
 * is counted, and one that falls behind loses messages instead of filling the memory.
 */
export class Dispatcher {
  readonly #subject: string;
  readonly #handler: Handler;
  readonly #maxInFlight: number;
  readonly #counters: Counters;
  readonly #onEvent: (event: BusEvent) => void;
  #inFlight = 0;
  #slow = false;

  constructor(options: {
    subject: string;
    handler: Handler;
    maxInFlight: number | undefined;
    counters: Counters;
    onEvent: (event: BusEvent) => void;
  }) {
    this.#subject = options.subject;
    this.#handler = options.handler;
    this.#maxInFlight = options.maxInFlight ?? DEFAULT_MAX_IN_FLIGHT;
    this.#counters = options.counters;
    this.#onEvent = options.onEvent;
  }

  /**
   * `fail` tells a requester that there will be no reply. The result is why the message was not handled, as far as
   * that is known when this returns.
   */
  dispatch(message: BusMessage, fail?: (code: WitanErrorCode) => void): unknown {
    this.#counters.received++;
    this.#counters.receivedBytes += message.payload.length;
    if (this.#inFlight >= this.#maxInFlight) {
      const error = this.#fallBehind();
      fail?.(error.code);
      return error;
    }
    try {
      const promise = this.#handler(message);
      if (promise instanceof Promise) this.#follow(promise, message, fail);
      return undefined;
    } catch (error) {
      this.#failed(error, message, fail);
      return error;
    }
  }

  #follow(promise: Promise<void>, message: BusMessage, fail: ((code: WitanErrorCode) => void) | undefined): void {
    this.#inFlight++;
    promise
      .catch((error: unknown) => this.#failed(error, message, fail))
      .finally(() => {
        this.#inFlight--;
        // Half way down, so that one that hovers at the limit is told once.
        if (this.#inFlight <= this.#maxInFlight / 2) this.#slow = false;
      });
  }

  #failed(error: unknown, message: BusMessage, fail: ((code: WitanErrorCode) => void) | undefined): void {
    const code = errorCode(error);
    // A requester that is told what is wrong with its request has been served.
    const isRefusal = message.respond !== undefined && CODES[code].status < 500;
    if (!isRefusal) {
      this.#counters.handlerErrors++;
      this.#onEvent({ type: 'handler-error', subject: message.subject, error });
    }
    fail?.(code);
  }

  #fallBehind(): WitanError {
    this.#counters.dropped++;
    if (!this.#slow) {
      this.#slow = true;
      this.#counters.slowConsumers++;
      this.#onEvent({ type: 'slow-consumer', subject: this.#subject, inFlight: this.#inFlight });
    }
    return unavailable(`the handler of ${this.#subject} has ${this.#inFlight} messages unfinished`);
  }
}

/** The headers of the NATS services protocol for a reply that is an error; tools know them. */
const ERROR_HEADER = 'Nats-Service-Error';
const ERROR_CODE_HEADER = 'Nats-Service-Error-Code';

export function errorHeaders(code: WitanErrorCode): Headers {
  return { [ERROR_HEADER]: code, [ERROR_CODE_HEADER]: String(CODES[code].status) };
}

/** The reply's payload; throws if the reply is an error. An error that is none of ours says that much and no more. */
export function replyPayload(subject: string, payload: Uint8Array, headers: Headers | undefined): Uint8Array {
  const name = headers?.[ERROR_HEADER];
  if (name === undefined) return payload;
  const code = Object.hasOwn(CODES, name) ? (name as WitanErrorCode) : 'WITAN_ERR_UNAVAILABLE';
  throw new WitanError(code, `the other side failed to answer on ${subject}`, { data: { subject } });
}
