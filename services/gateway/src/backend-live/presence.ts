import { toHex } from '@witan/crypto';
import { HEARTBEAT_MS_MAX, LIVE_MS } from '@witan/elder';
import { WitanError } from '@witan/errors';
import { type Heartbeat, heartbeatBody, SERVICES } from '@witan/section';
import { decode, type Signed } from '@witan/wire';

/** Of one moment: what is compared with others, and what is shown. A wall clock is set back and forth. */
export interface Moment {
  /** Monotonic milliseconds. */
  readonly atMs: number;
  /** Since the epoch. */
  readonly wallMs: number;
}

export interface Seen extends Moment {
  readonly beat: Heartbeat;
}

/** Of those who are no members (yet): the ones heard of last. */
const STRANGERS_REMEMBERED = 256;
/** Each node says something more often. Where nobody at all is heard for so long, it is this gateway that hears nothing. */
const BREAK_MS = 2 * HEARTBEAT_MS_MAX;

/** Who has been heard of, and what they said of themselves. `nowMs` is monotonic. */
export class Presence {
  readonly #byService = new Map(SERVICES.map((service) => [service, new Map<string, Seen>()]));
  readonly #live = new Set<string>();
  /** When anybody was heard last, and since when without a break. */
  #heardMs = -Infinity;
  #hearingSinceMs = Infinity;
  /** When this gateway was last seen to have no connection. */
  #awayMs = -Infinity;
  readonly #prefix: string;
  readonly #isMember: (node: string) => boolean;
  readonly #changed: (node: string, live: boolean, lastSeenMs: number | undefined) => void;

  /**
   * @param prefix of the section, in bits
   * @param changed without `lastSeenMs` of a stranger that has been forgotten meanwhile
   */
  constructor(
    prefix: string,
    isMember: (node: string) => boolean,
    changed: (node: string, live: boolean, lastSeenMs: number | undefined) => void,
  ) {
    this.#prefix = prefix;
    this.#isMember = isMember;
    this.#changed = changed;
  }

  /**
   * @throws WitanError `WITAN_ERR_MALFORMED`, `WITAN_ERR_INVALID` (not a heartbeat, or in another section),
   *   `WITAN_ERR_STALE` (said before)
   */
  take({ kind, author, body }: Signed, { atMs, wallMs }: Moment): void {
    if (kind !== 'heartbeat') throw new WitanError('WITAN_ERR_INVALID', `a ${kind} among the heartbeats`);
    const beat = decode(heartbeatBody, body);
    if (beat.prefix !== this.#prefix) throw new WitanError('WITAN_ERR_INVALID', 'a heartbeat in another section');
    const service = SERVICES[beat.service];
    const seen = service && this.#byService.get(service);
    if (!seen) throw new WitanError('WITAN_ERR_MALFORMED', `no service ${beat.service}`);
    const last = seen.get(author)?.beat.sequence;
    if (last !== undefined && beat.sequence <= last) {
      throw new WitanError('WITAN_ERR_STALE', `heartbeat ${beat.sequence} of ${author.slice(0, 16)} after ${last}`);
    }
    if (atMs - this.#heardMs > BREAK_MS) this.#hearingSinceMs = atMs;
    this.#heardMs = atMs;
    const wasReachable = this.isReachable(author, atMs);
    // Put last, so that the first is the one that has been silent for longest.
    seen.delete(author);
    seen.set(author, { atMs, wallMs, beat });
    const strangers = this.#isMember(author) ? [] : [...seen.keys()].filter((name) => !this.#isMember(name));
    for (const name of strangers.slice(0, -STRANGERS_REMEMBERED)) seen.delete(name);
    // Who was not heard because this gateway was away is told to be back all the same.
    if (!wasReachable) this.#live.delete(author);
    this.#note(author, atMs);
  }

  /** Notices who has gone silent, once this gateway has been connected for long enough to hear all who are there. */
  sweep(nowMs: number, isConnected: boolean): void {
    if (!isConnected) this.#awayMs = nowMs;
    if (nowMs - this.#awayMs < LIVE_MS) return;
    for (const node of [...this.#live]) this.#note(node, nowMs);
  }

  /** Milliseconds since the epoch. */
  lastSeenMs(node: string): number | undefined {
    return this.#lastSeen(node)?.wallMs;
  }

  isReachable(node: string, nowMs: number): boolean {
    const last = this.#lastSeen(node);
    return last !== undefined && nowMs - last.atMs < LIVE_MS;
  }

  /**
   * Whether others have been heard for a while, and the elder process of this node was not. While nobody is, that says
   * nothing of anybody: a connection that is gone may seem to be there for long, and a process may have stood still.
   */
  isElderSilent(node: string): boolean {
    const heardMs = this.#byService.get('elder')?.get(node)?.atMs ?? -Infinity;
    return this.#heardMs - Math.max(heardMs, this.#hearingSinceMs) >= LIVE_MS;
  }

  /** Whether the elder process of a node is alive, and whether it can sign under `key`. */
  elder(node: string, key: Uint8Array, nowMs: number): { readonly live: boolean; readonly usableShare: boolean } {
    const seen = this.#byService.get('elder')?.get(node);
    const live = seen !== undefined && nowMs - seen.atMs < LIVE_MS;
    const current = seen?.beat.key !== undefined && toHex(seen.beat.key) === toHex(key);
    return { live, usableShare: live && current && seen.beat.usableShare };
  }

  /** Which generation each node named last, by any of its processes; without those that know no section. */
  generations(): ReadonlyMap<string, number> {
    const named = new Map<string, number>();
    for (const [node, { beat }] of [...this.#byService.values()].flatMap((seen) => [...seen])) {
      if (beat.generation !== undefined) named.set(node, Math.max(beat.generation, named.get(node) ?? 0));
    }
    return named;
  }

  /** Names heard of, members or not. */
  names(): readonly string[] {
    return [...new Set([...this.#byService.values()].flatMap((seen) => [...seen.keys()]))];
  }

  #note(node: string, nowMs: number): void {
    const live = this.isReachable(node, nowMs);
    if (live === this.#live.has(node)) return;
    if (live) this.#live.add(node);
    else this.#live.delete(node);
    this.#changed(node, live, this.lastSeenMs(node));
  }

  #lastSeen(node: string): Moment | undefined {
    const all = [...this.#byService.values()].flatMap((seen) => seen.get(node) ?? []);
    return all.reduce<Moment | undefined>((last, each) => (last && last.atMs >= each.atMs ? last : each), undefined);
  }
}
