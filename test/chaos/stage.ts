import { setTimeout as pause } from 'node:timers/promises';
import { createClient, type Phase } from '@witan/api';
import type { Random } from '@witan/simulator';
import type { Mark } from './history.ts';
import type { SectionWatch } from './section-watch.ts';
import type { Cut, Disturbance, Part, Role, World } from './world.ts';

export interface StageOptions {
  readonly world: World;
  readonly section: SectionWatch;
  readonly random: Random;
  readonly now: () => number;
  readonly onMark: (mark: Mark) => void;
  readonly signal: AbortSignal;
  /** How long a fault lasts where the experiment does not mind, ms. */
  readonly holdMs: number;
}

/** For whatever a fault waits for, such as a DKG session; after that it goes on without. */
const WAIT_MS = 150_000;

/**
 * What an experiment breaks things with. Everything that it breaks is remembered, and put right by `mend` in the
 * reverse order, also when the experiment itself fails.
 */
export class Stage {
  readonly world: World;
  readonly random: Random;
  readonly holdMs: number;
  readonly signal: AbortSignal;
  readonly #section: SectionWatch;
  readonly #now: () => number;
  readonly #onMark: (mark: Mark) => void;
  #undo: (() => Promise<void>)[] = [];

  constructor({ world, section, random, now, onMark, signal, holdMs }: StageOptions) {
    this.world = world;
    this.random = random;
    this.holdMs = holdMs;
    this.signal = signal;
    this.#section = section;
    this.#now = now;
    this.#onMark = onMark;
  }

  async parts(role: Role): Promise<readonly Part[]> {
    return (await this.world.parts()).filter((part) => part.role === role);
  }

  /** Nodes that are elders now, in any order. */
  async elders(count: number): Promise<readonly Part[]> {
    const { elders } = await this.#section.section();
    const parts = await Promise.all(elders.map(({ name }) => this.world.partOf(name)));
    return this.random.sample(
      parts.filter((part) => part !== undefined),
      count,
    );
  }

  async some(role: Role, count: number): Promise<readonly Part[]> {
    return this.random.sample(await this.parts(role), count);
  }

  async kill(parts: readonly Part[]): Promise<void> {
    this.note(`killed ${named(parts)}`);
    this.#undo.push(() => this.world.revive(parts));
    await this.world.kill(parts);
  }

  async keepDown(parts: readonly Part[]): Promise<void> {
    this.note(`killed, and kept from coming back: ${named(parts)}`);
    this.#undo.push(() => this.world.revive(parts));
    await this.world.keepDown(parts);
  }

  async pause(parts: readonly Part[]): Promise<void> {
    this.note(`paused ${named(parts)}`);
    this.#undo.push(() => this.world.resume(parts));
    await this.world.pause(parts);
  }

  async cut(parts: readonly Part[], way: Cut): Promise<void> {
    const what = { both: 'cut off', says: 'not heard any more', hears: 'hears nothing any more' }[way];
    this.note(`${what}: ${named(parts)}`);
    this.#undo.push(() => this.world.mend(parts));
    await this.world.cut(parts, way);
  }

  async disturb(parts: readonly Part[], how: Disturbance): Promise<void> {
    this.note(`${Math.round(how.lost * 100)} % lost, others up to ${how.lateMs} ms late: ${named(parts)}`);
    this.#undo.push(() => this.world.mend(parts));
    await this.world.disturb(parts, how);
  }

  async fillDisk(parts: readonly Part[]): Promise<void> {
    this.note(`disk full: ${named(parts)}`);
    this.#undo.push(() => this.world.clearDisk(parts));
    await this.world.fillDisk(parts);
  }

  async jumpClock(parts: readonly Part[], byMs: number): Promise<void> {
    this.note(`clock ${byMs > 0 ? 'ahead' : 'behind'} by ${Math.round(Math.abs(byMs) / 60_000)} min: ${named(parts)}`);
    this.#undo.push(() => this.world.jumpClock(parts, 0));
    await this.world.jumpClock(parts, byMs);
  }

  async restart(part: Part): Promise<void> {
    this.note(`restarts ${part.name}`);
    await this.world.restart(part);
  }

  /** Lets it be for a while. */
  async hold(ms = this.holdMs): Promise<void> {
    await pause(ms, undefined, { signal: this.signal });
  }

  /** Until a session that began after this call is in the phase. @returns whether there was one in time */
  async phase(phase: Phase): Promise<boolean> {
    const end = AbortSignal.any([this.signal, AbortSignal.timeout(WAIT_MS)]);
    const url = this.world.urls()[0]!;
    try {
      for await (const event of createClient(url).events({ signal: end })) {
        const began = event.type === 'dkg.started' ? 'initialisation' : event.type === 'dkg.phase' && event.data.phase;
        if (began !== phase) continue;
        this.note(`a DKG session is in ${phase}`);
        return true;
      }
    } catch {
      // The gateway went away: the next line says that the phase was not seen.
    }
    this.note(`no DKG session was seen in ${phase}`);
    return false;
  }

  note(text: string): void {
    this.#onMark({ atMs: this.#now(), text });
  }

  /** Puts right all that was broken. @throws the first failure, after all have been tried */
  async mend(): Promise<void> {
    const failures: unknown[] = [];
    for (const undo of this.#undo.splice(0).reverse()) await undo().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }
}

function named(parts: readonly Part[]): string {
  return parts.map(({ name }) => name).join(', ');
}
