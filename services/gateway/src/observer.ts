/** Where the HTTP side reports what it does; the service turns it into metrics. */
export interface HttpObserver {
  /** @param route the template (`/v1/nodes/:name`), `unmatched` when there is none: never a path that a client chose. */
  requestDone(request: {
    readonly method: string;
    readonly route: string;
    readonly status: number;
    readonly seconds: number;
  }): void;
  streamOpened(): void;
  streamClosed(reason: StreamEnd): void;
  /** A new stream was refused because the bound on open ones is reached. */
  streamRefused(): void;
}

export type StreamEnd = 'client-left' | 'too-slow' | 'shutdown';

export const silentObserver: HttpObserver = {
  requestDone() {},
  streamOpened() {},
  streamClosed() {},
  streamRefused() {},
};
