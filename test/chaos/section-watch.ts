import { setTimeout as pause } from 'node:timers/promises';
import type { Client, Section } from '@witan/api';
import { asWitanError, WitanError } from '@witan/errors';
import type { Connect } from './connect.ts';
import type { World } from './world.ts';

const ASK_MS = 5_000;
const SESSIONS_MAX = 1000;
const PATIENCE_MS = 60_000;
const AGAIN_MS = 250;
const LOOK_MS = 250;
const sectionOf = (client: Client) => client.section({ prefix: 'root' });

export interface Patience {
  /** Milliseconds since the run began. */
  readonly now: () => number;
  readonly patienceMs: number;
  /** How long it has to stay whole to count as whole. */
  readonly steadyMs: number;
  /** Whoever ends the run does not wait for it. */
  readonly signal: AbortSignal;
  readonly onWait: (why: string) => void;
}

export interface Wholeness {
  /** Since when it is as it is. */
  readonly sinceMs: number;
  /** Why it is not whole; nothing if it is. */
  readonly ailment: string | undefined;
}

/** What the gateways tell of the section. */
export class SectionWatch {
  readonly #world: World;
  readonly #connect: Connect;
  #patienceMs = PATIENCE_MS;

  constructor(world: World, connect: Connect) {
    this.#world = world;
    this.#connect = connect;
  }

  /** From now on each question is asked once: the section did not come back, and need not be waited for again. */
  loseHope(): void {
    this.#patienceMs = 0;
  }

  /**
   * Of the first gateway that answers, after some tries if need be: it may have been killed just now.
   * @throws WitanError of the last one that does not
   */
  async ask<T>(question: (client: Client) => Promise<T>): Promise<T> {
    const endMs = performance.now() + this.#patienceMs;
    for (;;) {
      try {
        return await this.#askOnce(question);
      } catch (error) {
        if (performance.now() > endMs) throw error;
        await pause(AGAIN_MS);
      }
    }
  }

  async #askOnce<T>(question: (client: Client) => Promise<T>): Promise<T> {
    let last: unknown = new WitanError('WITAN_ERR_UNAVAILABLE', 'there is no gateway');
    for (const url of this.#world.urls()) {
      try {
        return await question(this.#connect(url, { timeoutMs: ASK_MS }));
      } catch (error) {
        last = error;
      }
    }
    throw asWitanError(last);
  }

  section(): Promise<Section> {
    return this.ask(sectionOf);
  }

  async sessions() {
    return (await this.ask((client) => client.sessions({ limit: SESSIONS_MAX }))).sessions;
  }

  /** Waits until the section is whole with all its parts, and stays so, or patience is at its end. */
  async whole({ now, patienceMs, steadyMs, signal, onWait }: Patience): Promise<Wholeness> {
    const endMs = now() + patienceMs;
    let sinceMs = now();
    let areReady = false;
    for (;;) {
      let ailment = await this.#ailment();
      // Each of them is asked, which takes a while: once, as long as nothing else ails.
      if (ailment === undefined && !areReady) ailment = await this.#unready();
      areReady = ailment === undefined;
      const at = now();
      if (areReady && at - sinceMs >= steadyMs) return { sinceMs, ailment };
      if (ailment !== undefined) {
        sinceMs = at;
        if (at > endMs) return { sinceMs, ailment };
        onWait(ailment);
      }
      if (signal.aborted) return { sinceMs, ailment: 'the run was interrupted' };
      await pause(LOOK_MS, undefined, { signal }).catch(() => {});
    }
  }

  /** Why not all of its parts are there and ready, as they were when the run began. */
  async #unready(): Promise<string | undefined> {
    const unready = await this.#world.unready().catch((error: unknown) => [asWitanError(error).detail]);
    return unready.length === 0 ? undefined : unready.join('; ');
  }

  /**
   * Why the section is not whole: every node a member, every elder live with a usable share, every gateway ready, no DKG
   * under way. Nothing if it is.
   */
  async #ailment(): Promise<string | undefined> {
    try {
      for (const url of this.#world.urls()) await this.#connect(url, { timeoutMs: ASK_MS }).readyz();
      const { elders, members, generation } = await this.#askOnce(sectionOf);
      const able = elders.filter(({ live, usableShare }) => live && usableShare).length;
      if (members.length < this.#world.nodes) return `${members.length} of ${this.#world.nodes} nodes are members`;
      if (elders.length < this.#world.elders || able < elders.length) {
        return `${able} of ${this.#world.elders} elders can sign`;
      }
      const [newest] = (await this.#askOnce((client) => client.sessions({ limit: 1 }))).sessions;
      if (newest?.state === 'running' || newest?.state === 'stalled') return `a DKG session is ${newest.state}`;
      if (newest?.state === 'done' && newest.generation === generation) return 'a new key waits for its handover';
      return undefined;
    } catch (error) {
      const { code, detail } = asWitanError(error);
      return `${code}: ${detail}`;
    }
  }
}
