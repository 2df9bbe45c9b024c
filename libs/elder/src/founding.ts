import { isWitanError } from '@witan/errors';
import { heartbeatBody, SERVICES } from '@witan/section';
import { decode, peekEnvelope } from '@witan/wire';

export interface FoundingOptions {
  /** Hex name of the node that waits to found the network. */
  readonly self: string;
  readonly networkTag: Uint8Array;
  readonly prefix: string;
  /** How many other nodes have to say, now, that they know no section. */
  readonly witnesses: number;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** A node that was heard so long ago is gone. */
  readonly freshMs: number;
}

/** More names than any section has nodes: whoever is on the bus can make up any number. */
const MOST = 1024;

/**
 * Whether the first node may make the genesis key. A first node whose disk was lost looks like one that has never been
 * there, and must not found a second network: what is remembered of the first is on the disks of the others. So it
 * waits until that many of them say that they know no section, and one that knows one ends it: then there is a network,
 * to be joined.
 *
 * It protects from mistakes, not from enemies: whoever may send on the bus can be any number of nodes. A network founded
 * so is believed by nobody who knows another, and by nobody at all who was given a genesis key.
 */
export class Founding {
  readonly #options: FoundingOptions;
  readonly #blank = new Map<string, { readonly sequence: number; readonly at: number }>();
  #settled = false;

  constructor(options: FoundingOptions) {
    this.#options = options;
  }

  /** Takes a heartbeat as it came from the bus. @returns whether this was the one that was waited for */
  heard(bytes: Uint8Array): boolean {
    if (this.#settled) return false;
    try {
      this.#take(bytes);
    } catch (error) {
      // Bad bytes are counted by who follows the section, who gets the same.
      if (!isWitanError(error)) throw error;
      return false;
    }
    if (this.#settled || this.here < this.#options.witnesses) return false;
    this.#settled = true;
    return true;
  }

  /** Of how many others it has been heard lately that they know no section. */
  get here(): number {
    const since = this.#options.now() - this.#options.freshMs;
    return [...this.#blank.values()].filter(({ at }) => at >= since).length;
  }

  #take(bytes: Uint8Array): void {
    const { self, networkTag, prefix, now } = this.#options;
    const peeked = peekEnvelope(bytes, networkTag);
    const { author } = peeked;
    if (peeked.kind !== 'heartbeat' || author === self) return;
    const beat = decode(heartbeatBody, peeked.body);
    if (beat.prefix !== prefix || SERVICES[beat.service] !== 'elder') return;
    const last = this.#blank.get(author);
    if (last ? beat.sequence <= last.sequence : this.#blank.size >= MOST) return;
    peeked.verify();
    if (beat.generation === undefined) this.#blank.set(author, { sequence: beat.sequence, at: now() });
    else this.#settled = true;
  }
}
