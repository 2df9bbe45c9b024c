import type { WitanErrorCode } from '@witan/errors';

/** Where effects leave the actor. A port that throws loses that one effect, which is counted; messages may be lost. */
export interface EffectPorts {
  broadcast(topic: string, bytes: Uint8Array): void;
  /**
   * Asks node `to` and calls `done` once, at the latest after `timeoutMs`. A callback and not a promise, so that a
   * simulation needs no microtasks.
   */
  request(to: string, verb: string, bytes: Uint8Array, timeoutMs: number, done: (result: RequestResult) => void): void;
  reply(id: string, bytes: Uint8Array): void;
  report(report: unknown): void;
}

export type RequestResult =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly error: WitanErrorCode };
