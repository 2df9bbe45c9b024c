import type { Cut, Disturbance } from '../breakable/link.ts';

/** What can be done to a part of a running network, and undone. */
export const ABILITIES = [
  'kill',
  'keep-down',
  'restart',
  'pause',
  'cut',
  'cut-one-way',
  'disturb',
  'fill-disk',
  'jump-clock',
  'upgrade',
] as const;
export type Ability = (typeof ABILITIES)[number];

export type Role = 'node' | 'gateway' | 'coordinator' | 'nats';

/** A thing that fails as one: a process, a container, a pod. Of a node its adult and its elder together. */
export interface Part {
  /** `node-3`, `gateway-0`. */
  readonly name: string;
  readonly role: Role;
}

/** The number in its name. */
export function indexOf({ name }: Part): number {
  return Number(name.split('-').at(-1));
}

export function namesOf(parts: readonly Part[]): string[] {
  return parts.map(({ name }) => name);
}

/**
 * A network of real parts, and the hands that break it. A driver does what it is told and undoes it; which parts, for
 * how long and what must hold meanwhile is no business of its own.
 */
export interface World {
  /** For people: "local processes". */
  readonly title: string;
  readonly abilities: ReadonlySet<Ability>;
  /** Something starts again what was killed, whether it is revived or not. */
  readonly revivesItself: boolean;
  /** Nodes in all, and elders that the section is to have; known once it has started. */
  readonly nodes: number;
  readonly elders: number;
  /** Starts whatever is not there yet; the section need not have its key when this resolves. */
  start(): Promise<void>;
  /** Ends what `start` has started. */
  stop(): Promise<void>;
  parts(): Promise<readonly Part[]>;
  /** The part that a node of this name runs on, if it is known. */
  partOf(nodeName: string): Promise<Part | undefined>;
  /** What there was when it had started and is not there or not ready now, a line each; may take some seconds. */
  unready(): Promise<readonly string[]>;
  /** Where clients may ask, in the order in which they are to try. */
  urls(): readonly string[];

  /** Ends it at once. It stays dead until `revive`, except where something else starts it again. */
  kill(parts: readonly Part[]): Promise<void>;
  /** As `kill`, and whatever would start it again does so in vain until `revive`. */
  keepDown(parts: readonly Part[]): Promise<void>;
  revive(parts: readonly Part[]): Promise<void>;
  /** Ends it in order, and starts it again; resolves when it is ready. */
  restart(part: Part): Promise<void>;
  pause(parts: readonly Part[]): Promise<void>;
  resume(parts: readonly Part[]): Promise<void>;
  cut(parts: readonly Part[], way: Cut): Promise<void>;
  disturb(parts: readonly Part[], how: Disturbance): Promise<void>;
  /** Ends what `cut` and `disturb` have done. */
  mend(parts: readonly Part[]): Promise<void>;
  /** Nodes whose disk can be filled; all where it can be done, none where not. */
  fillable(): readonly Part[];
  /** What their services write next finds no room, also where their logs had kept some. */
  fillDisk(parts: readonly Part[]): Promise<void>;
  /** Of these the names of those that have said since the last `fillDisk` that they have no room. */
  withoutRoom(parts: readonly Part[]): Promise<readonly string[]>;
  clearDisk(parts: readonly Part[]): Promise<void>;
  /** From now on its wall clock is `byMs` off; 0 puts it right. */
  jumpClock(parts: readonly Part[], byMs: number): Promise<void>;
  /** Another version of the software, part by part, and back again. @throws when what runs then is not of it */
  upgrade(signal: AbortSignal): Promise<void>;
  /** What `upgrade` has left of another version is of the first one again; nothing where all is. */
  rollBack(): Promise<void>;

  /** Writes there what each part has logged, as far as that is still there. */
  writeLogs(folder: string): Promise<void>;
  /**
   * What its parts themselves tell that must not be; a line each. Asked after each fault and at the end, since what is
   * killed takes with it what it would have told; the same line may come again.
   */
  complaints(): Promise<readonly string[]>;
  /** What of its settings a run depends on, for people. */
  settings(): Promise<readonly string[]>;
}
