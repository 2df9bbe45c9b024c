import type { ServerResponse } from 'node:http';
import type { WitanEvent } from '@witan/api';
import { WitanError } from '@witan/errors';
import type { EventFeed } from './backend.ts';
import type { HttpObserver, StreamEnd } from './observer.ts';

export interface StreamOptions {
  /** Open streams at one time; one more is refused with 429. */
  readonly maxStreams: number;
  /** Of these, those of one address; one more is refused with 429. */
  readonly maxStreamsPerClient: number;
  /** A comment line after this long without an event, so that both sides notice a dead connection. */
  readonly heartbeatMs: number;
  /** What may wait in memory for one slow client, in bytes, before it is cut off. */
  readonly maxBufferedBytes: number;
  /** How long a client should wait before it comes back. */
  readonly retryMs: number;
}

interface Stream {
  readonly client: string;
  readonly response: ServerResponse;
  end(reason: StreamEnd): void;
}

/** The open event streams of this gateway. */
export class EventStreams {
  readonly #feed: EventFeed;
  readonly #options: StreamOptions;
  readonly #observer: HttpObserver;
  readonly #open = new Set<Stream>();
  #closing = false;

  constructor(feed: EventFeed, options: StreamOptions, observer: HttpObserver) {
    this.#feed = feed;
    this.#options = options;
    this.#observer = observer;
  }

  get size(): number {
    return this.#open.size;
  }

  /**
   * @param client as {@link clientOf} has it
   * @throws `WITAN_ERR_NOT_READY`, and `WITAN_ERR_RATE_LIMITED` when there is no room for another stream, or none for
   * another of this client; nothing has been written then
   */
  admit(client: string): void {
    if (this.#closing) throw new WitanError('WITAN_ERR_NOT_READY', 'The gateway is stopping.');
    const { maxStreams, maxStreamsPerClient } = this.#options;
    if (this.#open.size >= maxStreams) this.#refuse(maxStreams, `All ${maxStreams} event streams are taken.`);
    let ofClient = 0;
    for (const stream of this.#open) if (stream.client === client) ofClient += 1;
    if (ofClient >= maxStreamsPerClient) {
      this.#refuse(maxStreamsPerClient, `This address has ${maxStreamsPerClient} event streams open already.`);
    }
  }

  #refuse(limit: number, why: string): never {
    this.#observer.streamRefused();
    throw new WitanError('WITAN_ERR_RATE_LIMITED', why, { data: { limit, retryAfterMs: this.#options.retryMs } });
  }

  /** Sends events to `response`, whose head has been written, until either side ends it. */
  serve(response: ServerResponse, client: string, lastEventId: string | undefined): void {
    const heartbeat = setInterval(() => response.write(': \n\n'), this.#options.heartbeatMs);
    let unsubscribe = () => {};
    let ended = false;
    const end = (reason: StreamEnd) => {
      if (ended) return;
      ended = true;
      clearInterval(heartbeat);
      unsubscribe();
      this.#open.delete(stream);
      this.#observer.streamClosed(reason);
      if (reason === 'too-slow') response.destroy();
      else response.end();
    };
    const stream: Stream = { client, response, end };
    this.#open.add(stream);
    this.#observer.streamOpened();
    response.on('close', () => end('client-left'));
    response.on('error', () => end('client-left'));

    // An id without data makes the client remember where it is before anything has happened.
    response.write(
      `retry: ${this.#options.retryMs}\n${lastEventId === undefined ? `id: ${this.#feed.position}\n` : ''}\n`,
    );
    unsubscribe = this.#feed.subscribe(lastEventId, (event) => {
      if (ended) return;
      response.write(frame(event));
      heartbeat.refresh();
      if (response.writableLength > this.#options.maxBufferedBytes) end('too-slow');
    });
    if (ended) unsubscribe();
  }

  /** Ends every stream and admits no more. */
  close(): void {
    this.#closing = true;
    for (const stream of [...this.#open]) stream.end('shutdown');
  }
}

/** An event goes to many streams and is put into text once. */
const frames = new WeakMap<WitanEvent, string>();

function frame(event: WitanEvent): string {
  let text = frames.get(event);
  if (text === undefined) {
    text = `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
    frames.set(event, text);
  }
  return text;
}
