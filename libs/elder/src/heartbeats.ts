import type { Identity } from '@witan/crypto';
import { heartbeatBody, type Ledger, SERVICES } from '@witan/section';
import { encode, sealEnvelope } from '@witan/wire';

export interface HeartbeatsOptions {
  readonly identity: Identity;
  readonly networkTag: Uint8Array;
  readonly prefix: string;
  readonly service: (typeof SERVICES)[number];
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
}

/** What one process says of itself. Each is later than the one before, over restarts too while the clock goes on. */
export class Heartbeats {
  readonly #options: HeartbeatsOptions;
  #last = 0;

  constructor(options: HeartbeatsOptions) {
    this.#options = options;
  }

  /** The next one, signed. */
  next(ledger: Ledger | undefined, usableShare: boolean): Uint8Array {
    const { identity, networkTag, prefix, service, wallClock } = this.#options;
    this.#last = Math.max(this.#last + 1, Math.floor(wallClock()));
    const body = encode(heartbeatBody, {
      prefix,
      service: SERVICES.indexOf(service),
      generation: ledger?.generation,
      key: ledger?.key,
      usableShare,
      sequence: this.#last,
    });
    return sealEnvelope(identity, networkTag, 'heartbeat', body).raw;
  }
}
