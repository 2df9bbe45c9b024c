import { setTimeout as pause } from 'node:timers/promises';
import type { Phase, Section } from '@witan/api';
import { asWitanError } from '@witan/errors';
import type { Random } from '@witan/simulator';
import type { Cut, Disturbance } from '../breakable/link.ts';
import type { Connect } from './connect.ts';
import type { Mark } from './history.ts';
import type { SectionWatch } from './section-watch.ts';
import { namesOf, type Part, type Role, type World } from './world.ts';

export interface StageOptions {
  readonly world: World;
  readonly section: SectionWatch;
  readonly connect: Connect;
  readonly random: Random;
  readonly now: () => number;
  readonly onMark: (mark: Mark) => void;
  readonly signal: AbortSignal;
  /** How long a fault lasts where the experiment does not mind, ms. */
  readonly holdMs: number;
  /** How long to wait for what a fault needs, as a DKG session; 150 s unless given. It has missed without. */
  readonly waitMs?: number | undefined;
}

/** A DKG session in a phase, as a gateway told of it. */
export interface Seen {
  readonly session: string;
  readonly phase: Phase;
  /** Hex names. */
  readonly participants: readonly string[];
}

const WAIT_MS = 150_000;
const LOOK_MS = 500;

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
  readonly #connect: Connect;
  readonly #now: () => number;
  readonly #onMark: (mark: Mark) => void;
  #undo: (() => Promise<void>)[] = [];
  readonly #waitMs: number;
  /** Hex names, of sessions that were seen to begin. */
  readonly #participants = new Map<string, readonly string[]>();
  #hasStruck = true;
  #hasBroken = false;

  constructor({ world, section, connect, random, now, onMark, signal, holdMs, waitMs = WAIT_MS }: StageOptions) {
    this.world = world;
    this.random = random;
    this.holdMs = holdMs;
    this.signal = signal;
    this.#section = section;
    this.#connect = connect;
    this.#now = now;
    this.#onMark = onMark;
    this.#waitMs = waitMs;
  }

  async parts(role: Role): Promise<readonly Part[]> {
    return (await this.world.parts()).filter((part) => part.role === role);
  }

  /** Whether it did what it is for, as far as that is known by now. */
  get hasStruck(): boolean {
    return this.#hasStruck;
  }

  /** Whether anything was done to the network. */
  get hasBroken(): boolean {
    return this.#hasBroken;
  }

  /** It could not do what it is for. */
  miss(why: string): void {
    this.#hasStruck = false;
    this.note(`MISSED: ${why}`);
  }

  section(): Promise<Section> {
    return this.#section.section();
  }

  /** Nodes that are elders now, in any order. @throws when so many are not known */
  async elders(count: number): Promise<readonly Part[]> {
    const { elders } = await this.section();
    const parts = await Promise.all(elders.map(({ name }) => this.world.partOf(name)));
    return this.sample(
      parts.filter((part) => part !== undefined),
      count,
    );
  }

  /** @throws when there are not so many */
  async some(role: Role, count: number): Promise<readonly Part[]> {
    return this.sample(await this.parts(role), count);
  }

  /** @throws when there are not so many: who breaks less than was meant has not found out what is asked */
  sample(parts: readonly Part[], count: number): readonly Part[] {
    if (parts.length < count) throw new Error(`of ${count} parts to break there are ${parts.length}`);
    return this.random.sample(parts, count);
  }

  async kill(parts: readonly Part[]): Promise<void> {
    this.#strike(`killed ${named(parts)}`, parts, () => this.world.revive(parts));
    await this.world.kill(parts);
  }

  async keepDown(parts: readonly Part[]): Promise<void> {
    this.#strike(`killed, and kept from coming back: ${named(parts)}`, parts, () => this.world.revive(parts));
    await this.world.keepDown(parts);
  }

  async pause(parts: readonly Part[]): Promise<void> {
    this.#strike(`paused ${named(parts)}`, parts, () => this.world.resume(parts));
    await this.world.pause(parts);
  }

  async cut(parts: readonly Part[], way: Cut): Promise<void> {
    const what = { both: 'cut off', says: 'not heard any more', hears: 'hears nothing any more' }[way];
    this.#strike(`${what}: ${named(parts)}`, parts, () => this.world.mend(parts));
    await this.world.cut(parts, way);
  }

  async disturb(parts: readonly Part[], how: Disturbance): Promise<void> {
    const lost = how.lost > 0 ? `${Math.round(how.lost * 100)} % lost, the rest ` : '';
    const what = how.of === 'sessions' ? 'in DKG sessions ' : '';
    this.#strike(`${what}${lost}up to ${how.lateMs} ms late: ${named(parts)}`, parts, () => this.world.mend(parts));
    await this.world.disturb(parts, how);
  }

  async fillDisk(parts: readonly Part[]): Promise<void> {
    this.#strike(`disk full: ${named(parts)}`, parts, () => this.world.clearDisk(parts));
    await this.world.fillDisk(parts);
  }

  /** Until all of these have said that they have no room; who does not say so has not been hindered, and it has missed. */
  async untilNoRoom(parts: readonly Part[]): Promise<void> {
    const endMs = this.#now() + this.#waitMs;
    for (;;) {
      const said = await this.world.withoutRoom(parts);
      const others = parts.filter(({ name }) => !said.includes(name));
      if (others.length === 0) return this.note(`they say that they have no room: ${named(parts)}`);
      if (this.#now() > endMs) return this.miss(`nothing that was to be written found no room: ${named(others)}`);
      await this.hold(LOOK_MS);
    }
  }

  async jumpClock(parts: readonly Part[], byMs: number): Promise<void> {
    const by = `${byMs > 0 ? 'ahead' : 'behind'} by ${Math.round(Math.abs(byMs) / 60_000)} min`;
    this.#strike(`clock ${by}: ${named(parts)}`, parts, () => this.world.jumpClock(parts, 0));
    await this.world.jumpClock(parts, byMs);
  }

  async restart(part: Part): Promise<void> {
    this.#hasBroken = true;
    this.note(`restarts ${part.name}`);
    await this.world.restart(part);
  }

  async upgrade(): Promise<void> {
    this.#hasBroken = true;
    this.note('rolls out another version, and back again');
    this.#undo.push(() => this.world.rollBack());
    await this.world.upgrade(this.signal);
  }

  /** Lets it be for a while. */
  async hold(ms = this.holdMs): Promise<void> {
    await pause(ms, undefined, { signal: this.signal });
  }

  /** Until a DKG session is in the phase; without one in time it has missed. */
  async phase(phase: Phase): Promise<Seen | undefined> {
    const end = AbortSignal.any([this.signal, AbortSignal.timeout(this.#waitMs)]);
    const url = this.world.urls()[0]!;
    let why = '';
    try {
      for await (const event of this.#connect(url).events({ signal: end })) {
        if (event.type === 'dkg.started') this.#participants.set(event.data.session, event.data.participants);
        const began = event.type === 'dkg.started' ? 'initialisation' : event.type === 'dkg.phase' && event.data.phase;
        if (began !== phase) continue;
        this.note(`a DKG session is in ${phase}`);
        const { session } = event.data as { session: string };
        return { session, phase, participants: this.#participants.get(session) ?? [] };
      }
    } catch (error) {
      why = `: ${asWitanError(error).detail}`;
    }
    if (!this.signal.aborted) this.miss(`no DKG session was seen in ${phase}${why}`);
    return undefined;
  }

  /**
   * Asks the gateways whether the phase went on until a fault in it had been made. When the phase was is told by the clocks
   * of its participants.
   * @param begunMs wall clock: when the fault began to be made, and when it had been
   */
  async confirm({ session, phase }: Seen, begunMs: number, doneMs: number): Promise<void> {
    const { phases } = await this.#section.ask((client) => client.session({ id: session }));
    const { startedAt, durationMs } = phases.find(({ name }) => name === phase)!;
    if (startedAt === null) return this.miss(`cannot tell when ${phase} was: no gateway knows it any more`);
    if (durationMs === null) return;
    const endedMs = Date.parse(startedAt) + durationMs;
    if (endedMs < begunMs) return this.miss(`${phase} was over ${Math.round(begunMs - endedMs)} ms before the kill`);
    if (endedMs < doneMs) this.miss(`cannot tell whether ${phase} was over: the kill took ${doneMs - begunMs} ms`);
  }

  note(text: string): void {
    this.#onMark({ atMs: this.#now(), text });
  }

  /**
   * Puts right all that was broken.
   * @throws the first failure, after all have been tried; when it is called again, what failed is tried again
   */
  async mend(): Promise<void> {
    const failures: unknown[] = [];
    for (const undo of this.#undo.splice(0).reverse()) {
      await undo().catch((error: unknown) => {
        failures.push(error);
        this.#undo.unshift(undo);
      });
    }
    if (failures.length > 0) throw failures[0];
  }

  /** What is about to be done, to whom, and what undoes it. */
  #strike(what: string, parts: readonly Part[], undo: () => Promise<void>): void {
    if (parts.length === 0) throw new Error('there is nobody to break');
    this.#hasBroken = true;
    this.note(what);
    this.#undo.push(undo);
  }
}

function named(parts: readonly Part[]): string {
  return namesOf(parts).join(', ');
}
