import type { EventType } from '@witan/api';

/** An event as it comes over plain HTTP. */
export interface StreamedEvent {
  readonly id: string;
  readonly type: EventType;
  readonly data: string;
}

/** One connection to `/v1/events`, as any client that speaks HTTP would have it. */
export class EventStream {
  readonly events: StreamedEvent[] = [];
  readonly #leaving = new AbortController();
  /** The last id that was said, also without an event. */
  #lastId: string | undefined;

  /**
   * Resolves when the stream stands.
   *
   * @param lastEventId goes with the request as `Last-Event-ID`
   * @param client its address, as a proxy tells it that the gateway trusts
   */
  static async open(url: string, lastEventId?: string, client?: string): Promise<EventStream> {
    const stream = new EventStream();
    const headers = {
      accept: 'text/event-stream',
      ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
      ...(client !== undefined && { 'x-forwarded-for': client }),
    };
    const response = await fetch(`${url}/v1/events`, { headers, signal: stream.#leaving.signal });
    if (!response.ok || !response.body) throw new Error(`${url}/v1/events answered ${response.status}`);
    void stream.#read(response.body);
    return stream;
  }

  get lastId(): string | undefined {
    return this.#lastId;
  }

  leave(): void {
    this.#leaving.abort();
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    let rest = '';
    try {
      for await (const text of body.pipeThrough(new TextDecoderStream())) {
        const frames = (rest + text).split('\n\n');
        rest = frames.pop()!;
        for (const frame of frames) this.#take(frame);
      }
    } catch {
      // Left, or cut off: what was read stays.
    }
  }

  #take(frame: string): void {
    const fields = new Map(
      frame.split('\n').map((line) => {
        const at = line.indexOf(': ');
        return [line.slice(0, at), line.slice(at + 2)] as const;
      }),
    );
    this.#lastId = fields.get('id') ?? this.#lastId;
    const [type, data] = [fields.get('event'), fields.get('data')];
    if (type !== undefined && data !== undefined) {
      this.events.push({ id: fields.get('id') ?? '', type: type as EventType, data });
    }
  }
}
