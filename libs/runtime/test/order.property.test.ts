import { type JournalStream, MemoryJournal } from '@witan/journal';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  Actor,
  type Clock,
  type Effect,
  type Machine,
  type RuntimeEvent,
  type Step,
  VirtualClock,
} from '../src/index.ts';
import { bytes, text } from './support.ts';

const KINDS = ['durable', 'lazy', 'compact', 'broadcast', 'request', 'reply', 'report', 'setTimer'] as const;
type Kind = (typeof KINDS)[number];

/** An effect that chance asked for. `n` is its place among all of the run, whichever batch it ends up in. */
interface Asked {
  readonly kind: Kind;
  readonly n: number;
}

interface Event {
  readonly type: 'do';
  readonly asked: readonly Asked[];
  readonly throws: boolean;
}

/** Timers carry their number in their time, far from the pauses of the actor itself. */
const TIMER_BASE_MS = 1_000_000;

function effect({ kind, n }: Asked): Effect {
  const body = bytes(String(n));
  switch (kind) {
    case 'durable':
    case 'lazy':
      return { type: 'persist', record: body, durable: kind === 'durable' };
    case 'compact':
      return { type: 'compact', records: [{ record: body }] };
    case 'broadcast':
      return { type: 'broadcast', topic: 't', bytes: body };
    case 'request':
      return { type: 'request', to: 'n', verb: 'v', bytes: body, timeoutMs: 1, tag: '' };
    case 'reply':
      return { type: 'reply', id: 'q', bytes: body };
    case 'report':
      return { type: 'report', report: n };
    case 'setTimer':
      return { type: 'setTimer', id: String(n), afterMs: TIMER_BASE_MS + n };
  }
}

const machine: Machine<number, Event | RuntimeEvent> = {
  step(state: number, event: Event | RuntimeEvent): Step<number> {
    if (event.type !== 'do') return { state, effects: [] };
    if (event.throws) throw new Error('by chance');
    return { state: state + event.asked.length, effects: event.asked.map(effect) };
  },
  recover: (state: number) => state + 1,
  resume: (state: number) => ({ state, effects: [] }),
};

type Action = Event | 'drain' | 'disk full' | 'disk free';

const anEvent = fc.record({
  kinds: fc.array(fc.constantFrom(...KINDS), { maxLength: 6 }),
  throws: fc.nat(9).map((chance) => chance === 0),
});
const action = fc.oneof(
  { weight: 8, arbitrary: anEvent },
  { weight: 3, arbitrary: fc.constant('drain' as const) },
  { weight: 1, arbitrary: fc.constantFrom('disk full' as const, 'disk free' as const) },
);
const script = fc.array(action, { maxLength: 40 }).map((actions): Action[] => {
  let n = 0;
  return actions.map((todo) => {
    if (typeof todo === 'string') return todo;
    // What a throwing event would have asked for is never asked for.
    const asked = todo.throws ? [] : todo.kinds.map((kind) => ({ kind, n: n++ }));
    return { type: 'do', asked, throws: todo.throws };
  });
});

/** What has become of each numbered effect. */
class Observed {
  readonly left: number[] = [];
  readonly onDisk = new Set<number>();
  readonly #asked: readonly Asked[];
  #unsynced: number[] = [];

  constructor(asked: readonly Asked[]) {
    this.#asked = asked;
  }

  wrote(records: readonly Uint8Array[], synced: boolean): void {
    this.#unsynced.push(...records.map(numberIn));
    if (!synced) return;
    for (const n of this.#unsynced) this.onDisk.add(n);
    this.#unsynced = [];
  }

  /** The heart of it: a durable record asked for earlier is on the disk, or a later compaction that stands for it. */
  leaves(n: number): void {
    for (const earlier of this.#asked.slice(0, n)) {
      if (earlier.kind !== 'durable') continue;
      const superseded = this.#asked.some((a) => a.kind === 'compact' && a.n > earlier.n && this.onDisk.has(a.n));
      const safe = superseded || this.onDisk.has(earlier.n);
      expect(safe, `durable record ${earlier.n} before effect ${n} leaves`).toBe(true);
    }
    this.left.push(n);
  }
}

function numberIn(stored: Uint8Array): number {
  return Number(text(stored.slice(1)));
}

function watched(inner: JournalStream, seen: Observed): JournalStream {
  const then = (body: () => void, records: readonly Uint8Array[], synced: boolean): void => {
    body();
    seen.wrote(records, synced);
  };
  return {
    location: inner.location,
    name: inner.name,
    get length() {
      return inner.length;
    },
    append: (records, durable) => then(() => inner.append(records, durable), records, durable),
    sync: () => then(() => inner.sync(), [], true),
    replace: (records) => then(() => inner.replace(records), records, true),
    read: () => inner.read(),
    drop: () => inner.drop(),
  };
}

function watchedClock(inner: VirtualClock, seen: Observed): Clock {
  return {
    now: () => inner.now(),
    defer: (fn) => inner.defer(fn),
    clearTimer: (handle) => inner.clearTimer(handle),
    setTimer: (afterMs, fn) => {
      if (afterMs >= TIMER_BASE_MS) seen.left.push(afterMs - TIMER_BASE_MS);
      return inner.setTimer(afterMs, fn);
    },
  };
}

test('whatever is asked for, and whatever fails: each effect once, in order, and after the durable records before it', () => {
  fc.assert(
    fc.property(script, (actions) => {
      const asked = actions.flatMap((todo) => (typeof todo === 'string' ? [] : todo.asked));
      const seen = new Observed(asked);
      const clock = new VirtualClock();
      const journal = new MemoryJournal();
      const actor = new Actor<number, Event>({
        name: 'random',
        machine,
        initial: () => 0,
        stream: watched(journal.stream('s'), seen),
        clock: watchedClock(clock, seen),
        ports: {
          broadcast: (_, body) => seen.leaves(Number(text(body))),
          request: (_to, _verb, body) => seen.leaves(Number(text(body))),
          reply: (_, body) => seen.leaves(Number(text(body))),
          report: (n) => seen.leaves(n as number),
        },
        batchLimit: 7,
        observer: {
          // An expectation that fails inside a port must fail the test.
          effectFailed: (_actor, _effect, error) => {
            throw error;
          },
        },
      });
      actor.start();
      for (const todo of actions) {
        if (todo === 'drain') clock.advance(0);
        else if (todo === 'disk full') journal.failure = 'WITAN_ERR_STORE_FULL';
        else if (todo === 'disk free') journal.failure = undefined;
        else actor.send(todo);
      }
      journal.failure = undefined;
      clock.advance(TIMER_BASE_MS / 2);

      const kept = (a: Asked): boolean => a.kind === 'durable' || a.kind === 'lazy' || a.kind === 'compact';
      expect(seen.left).toEqual(asked.filter((a) => !kept(a)).map(({ n }) => n));
      const lastCompact = asked.findLast((a) => a.kind === 'compact')?.n ?? 0;
      const stored = journal.stream('s').read().map(numberIn);
      expect(stored).toEqual(asked.filter((a) => kept(a) && a.n >= lastCompact).map(({ n }) => n));
    }),
    { numRuns: 500 },
  );
});
