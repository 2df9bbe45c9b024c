import { setTimeout as wait } from 'node:timers/promises';
import { WitanError } from '@witan/errors';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { EVENTS, type EventType, type WitanEvent } from './schemas/event.ts';
import { answeredError, parseJson, readText, type TransportOptions, transportError } from './transport.ts';
import { parse } from './validation.ts';

export interface EventsOptions {
  /** Resume after this event. */
  readonly lastEventId?: string;
  /** Ends the iteration without an error. */
  readonly signal?: AbortSignal;
  /** After a lost connection come back and resume; `true` when absent. A first connection that fails is always an error. */
  readonly reconnect?: boolean;
  /** A connection that says nothing for this long, not even a heartbeat, is taken for dead. */
  readonly idleTimeoutMs?: number;
}

const IDLE_TIMEOUT_MS = 45_000;
const RETRY_MS_MAX = 30_000;
const EVENT_LENGTH_MAX = 1024 * 1024;

/** Events as they come, across lost connections, each once: the id of the last one is sent on the way back. */
export async function* eventIterator(
  url: string,
  transport: TransportOptions,
  options: EventsOptions,
): AsyncGenerator<WitanEvent> {
  const position: Position = { lastEventId: options.lastEventId, retryMs: 1_000 };
  let failures = 0;
  let connected = false;
  while (!options.signal?.aborted) {
    try {
      for await (const event of oneConnection(url, transport, options, position)) {
        connected = true;
        failures = 0;
        if (event !== undefined) yield event;
      }
    } catch (error) {
      if (options.signal?.aborted) return;
      if (!connected || !isPassing(error)) throw error;
    }
    if (options.reconnect === false) return;
    const delayMs = Math.min(RETRY_MS_MAX, position.retryMs * 2 ** failures);
    failures += 1;
    await wait(delayMs, undefined, options.signal && { signal: options.signal }).catch(() => {});
  }
}

/** Where the stream is; changes as it is read. */
interface Position {
  lastEventId: string | undefined;
  retryMs: number;
}

/** The events of one connection; `undefined` first, when it stands. */
async function* oneConnection(
  url: string,
  transport: TransportOptions,
  options: EventsOptions,
  position: Position,
): AsyncGenerator<WitanEvent | undefined> {
  const idleMs = options.idleTimeoutMs ?? IDLE_TIMEOUT_MS;
  const idle = new IdleTimer(Math.min(idleMs, transport.timeoutMs));
  const signals = options.signal ? [idle.signal, options.signal] : [idle.signal];
  try {
    const response = await transport.fetch(url, {
      headers: {
        ...transport.headers,
        accept: 'text/event-stream',
        ...(position.lastEventId !== undefined && { 'last-event-id': position.lastEventId }),
      },
      signal: AbortSignal.any(signals),
    });
    if (!response.ok || response.body === null) throw answeredError(response, await readText(response), url);
    idle.restart(idleMs);
    yield undefined;

    const messages: EventSourceMessage[] = [];
    const parser = createParser({
      maxBufferSize: EVENT_LENGTH_MAX,
      onEvent: (message) => messages.push(message),
      onId: (id) => {
        position.lastEventId = id;
      },
      onRetry: (retryMs) => {
        position.retryMs = retryMs;
      },
    });
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      idle.restart(idleMs);
      parser.feed(text);
      for (const message of messages.splice(0)) {
        const event = decodeEvent(message);
        if (event !== undefined) yield event;
      }
    }
  } catch (error) {
    throw transportError(error, url, idle.timeoutMs);
  } finally {
    idle.stop();
  }
}

/** `undefined` for a type that this version does not know: a newer gateway may have more. */
function decodeEvent(message: EventSourceMessage): WitanEvent | undefined {
  const schema = EVENTS[message.event as EventType];
  if (schema === undefined) return undefined;
  return parse(schema, parseJson(message.data), 'event') as WitanEvent;
}

/** Whether coming back later may help. */
export function isPassing(error: unknown): boolean {
  return error instanceof WitanError && (error.entry.status === 429 || error.entry.status >= 503);
}

/** Aborts when it has not been restarted for a while. */
class IdleTimer {
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #timeoutMs = 0;

  constructor(timeoutMs: number) {
    this.restart(timeoutMs);
  }

  /** Of the wait that is under way. */
  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  restart(timeoutMs: number): void {
    if (this.#timer !== undefined && timeoutMs === this.#timeoutMs) {
      this.#timer.refresh();
      return;
    }
    clearTimeout(this.#timer);
    this.#timeoutMs = timeoutMs;
    this.#timer = setTimeout(
      () => this.#controller.abort(new DOMException('silent connection', 'TimeoutError')),
      timeoutMs,
    );
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#controller.abort();
  }
}
