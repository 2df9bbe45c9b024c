import type { EventInput, WitanEvent } from '@witan/api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventLog } from '../src/event-log.ts';

const input = (generation: number): EventInput => ({
  type: 'decision',
  at: '2026-01-01T00:00:00.000Z',
  data: { prefix: 'root', generation, view: 0, kind: 'join' },
});

function filled(count: number, capacity: number, epoch = 'e'): EventLog {
  const log = new EventLog({ capacity, epoch });
  for (let number = 1; number <= count; number += 1) log.append(input(number));
  return log;
}

function replay(log: EventLog, lastEventId: string | undefined): WitanEvent[] {
  const events: WitanEvent[] = [];
  log.subscribe(lastEventId, (event) => events.push(event))();
  return events;
}

const generations = (events: readonly WitanEvent[]) =>
  events.map((event) => (event.type === 'decision' ? event.data.generation : event.type));

describe('the event log', () => {
  test('gives each listener what comes after it came, until it leaves', () => {
    const log = filled(2, 10);
    const events: WitanEvent[] = [];
    const leave = log.subscribe(undefined, (event) => events.push(event));
    log.append(input(3));
    log.append(input(4));
    leave();
    log.append(input(5));
    expect(generations(events)).toEqual([3, 4]);
    expect(events.map(({ id }) => id)).toEqual(['e-3', 'e-4']);
  });

  test('resumes exactly behind any event that it still holds', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.integer({ min: 1, max: 20 }), fc.nat(60), (count, capacity, seen) => {
        fc.pre(seen <= count);
        const events = replay(filled(count, capacity), `e-${seen}`);
        if (count - seen > capacity) expect(generations(events)).toEqual(['reset']);
        else expect(generations(events)).toEqual(Array.from({ length: count - seen }, (_, index) => seen + 1 + index));
      }),
    );
  });

  test('a reset carries the newest id: the next time resumes from there', () => {
    const log = filled(9, 3);
    const [reset] = replay(log, 'e-1');
    expect(reset).toMatchObject({ type: 'reset', id: 'e-9', data: { reason: 'too-old' } });
    expect(replay(log, reset?.id)).toEqual([]);
  });

  test.each(['other-3', 'e-99', 'e-', 'e--1', 'nonsense', '', 'e-1e1', 'e-9999999999999999999'])(
    'the id %j is not of this log',
    (id) => {
      expect(replay(filled(5, 10), id)).toMatchObject([{ type: 'reset', data: { reason: 'unknown-id' } }]);
    },
  );

  test('ids of two runs differ', () => {
    expect(new EventLog().position).not.toBe(new EventLog().position);
  });

  test('a listener may leave in the middle of an event', () => {
    const log = filled(0, 10);
    const seen: string[] = [];
    const leave = log.subscribe(undefined, () => {
      seen.push('first');
      leave();
    });
    log.subscribe(undefined, () => seen.push('second'));
    log.append(input(1));
    log.append(input(2));
    expect(seen).toEqual(['first', 'second', 'second']);
  });
});
