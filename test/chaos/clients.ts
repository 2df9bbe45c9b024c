import { setTimeout as pause } from 'node:timers/promises';
import { asWitanError, WitanError } from '@witan/errors';
import type { ChainWatch } from './chain-watch.ts';
import type { Connect } from './connect.ts';
import type { Operation } from './history.ts';
import { AGAIN_MS, askForProof } from './proof.ts';

export interface ClientsOptions {
  readonly urls: () => readonly string[];
  readonly connect: Connect;
  readonly chain: ChainWatch;
  /** Milliseconds since the run began. */
  readonly now: () => number;
  readonly onOperation: (operation: Operation) => void;
  readonly onViolation: (what: string) => void;
  /** How many ask at once. */
  readonly count: number;
  /** Attestations that each asks for in a second, if all goes well. */
  readonly ratePerS: number;
}

/** An operation without a proof by then has failed. */
export const PATIENCE_MS = 30_000;

/** Clients that have the section sign, as people do: they try again, with another gateway, and verify what they get. */
export class Clients {
  readonly #options: ClientsOptions;
  readonly #end = new AbortController();
  readonly #running: readonly Promise<void>[];

  constructor(options: ClientsOptions) {
    this.#options = options;
    this.#running = Array.from({ length: options.count }, (_, client) => this.#run(client));
  }

  /** Resolves when each has got the answer that it waits for, or given up. */
  async stop(): Promise<void> {
    this.#end.abort();
    await Promise.all(this.#running);
  }

  async #run(client: number): Promise<void> {
    const { count, ratePerS, now } = this.#options;
    const everyMs = 1000 / ratePerS;
    // So that they do not all ask at the same moment.
    await this.#rest((client * everyMs) / count);
    while (!this.#end.signal.aborted) {
      const startedMs = now();
      await this.#operation(client);
      await this.#rest(Math.max(0, everyMs - (now() - startedMs)));
    }
  }

  async #operation(client: number): Promise<void> {
    const { now, connect, chain, onOperation, onViolation } = this.#options;
    const startedMs = now();
    const errors: string[] = [];
    let ok = false;
    while (!ok && !this.#end.signal.aborted && now() - startedMs < PATIENCE_MS) {
      const urls = this.#options.urls();
      const url = urls[(client + errors.length) % urls.length];
      try {
        if (url === undefined) throw new WitanError('WITAN_ERR_UNAVAILABLE', 'there is no gateway');
        const wrong = await askForProof(connect, url, chain);
        ok = true;
        if (wrong !== undefined) onViolation(wrong);
      } catch (error) {
        errors.push(asWitanError(error).code);
        await this.#rest(AGAIN_MS);
      }
    }
    // What the end of the run cut short was neither answered nor refused.
    if (!ok && this.#end.signal.aborted) return;
    onOperation({ client, startedMs, endedMs: now(), ok, errors });
  }

  async #rest(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#end.signal }).catch(() => {});
  }
}
