import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@nats-io/transport-node';
import { connectFailure, isRefusal } from './nats-failures.ts';
import { connectionOptions, type NatsOptions } from './nats-options.ts';

const FIRST_CHECK_MS = 1_000;
const LONGEST_CHECK_MS = 30_000;
/** Tries that a server has refused by name are repeated as rarely as this. */
const REFUSED_RETRY_MS = 5_000;

/**
 * Why a lost connection does not come back. The client library tries again by itself and does not say what became of a
 * try; so beside it there is one more from time to time, whose error is told. What is refused for what it is (a
 * certificate, a user) would be refused again in a moment: then the library tries less often, too.
 */
export class Diagnosis {
  readonly #options: NatsOptions;
  readonly #retryMs: number;
  #ending: AbortController | undefined;
  #isRefused = false;

  constructor(options: NatsOptions, retryMs: number) {
    this.#options = options;
    this.#retryMs = retryMs;
  }

  /** Between two tries of the library: with jitter, else a restarted server meets all its clients in the same moment. */
  readonly retryDelay = (): number => {
    const wait = this.#isRefused ? REFUSED_RETRY_MS : this.#retryMs;
    return Math.round(wait * (1 + Math.random()));
  };

  /** The connection is lost. */
  begin(): void {
    if (this.#ending !== undefined) return;
    this.#ending = new AbortController();
    void this.#look(this.#ending.signal);
  }

  /** It is back, or not wanted any more. */
  end(): void {
    this.#ending?.abort();
    this.#ending = undefined;
    this.#isRefused = false;
  }

  async #look(signal: AbortSignal): Promise<void> {
    let waitMs = FIRST_CHECK_MS;
    for (let attempt = 1; ; attempt++) {
      await sleep(waitMs, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return;
      const error = await tryToConnect(this.#options);
      if (signal.aborted) return;
      waitMs = Math.min(2 * waitMs, LONGEST_CHECK_MS);
      this.#isRefused = error !== undefined && isRefusal(error);
      // One that would have worked is followed by the library's own, as a rule.
      if (error !== undefined) this.#options.onEvent?.({ type: 'connecting', attempt, retryMs: waitMs, error });
    }
  }
}

/** Why no connection can be made, as one of our errors; undefined when one can. */
export async function tryToConnect(options: NatsOptions): Promise<unknown> {
  try {
    const connection = await connect({ ...connectionOptions(options), reconnect: false });
    await connection.close();
    return undefined;
  } catch (error) {
    return connectFailure(error, options);
  }
}
