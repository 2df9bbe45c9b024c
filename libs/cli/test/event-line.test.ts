import type { EventInput, WitanEvent } from '@witan/api';
import { describe, expect, test } from 'vitest';
import { eventLine } from '../src/terminal/event-line.ts';
import { styleFor } from '../src/terminal/style.ts';

const STYLE = styleFor({ NO_COLOR: '1' }, true);
const at = '2026-01-02T03:04:05.678Z';
const session = '1'.repeat(64);
const node = '2'.repeat(64);
const key = '3'.repeat(96);
const phase = 'commitment' as const;

const lines: [EventInput, string | undefined][] = [
  [
    {
      type: 'dkg.started',
      at,
      data: { session, prefix: 'root', generation: 1, attempt: 2, participants: [node], threshold: 1 },
    },
    'DKG 11111111… started: 1 participant, 1 needed, attempt 2',
  ],
  [
    { type: 'dkg.phase', at, data: { session, phase, expected: 7 } },
    'DKG 11111111… commitment began, expects 7 messages',
  ],
  [{ type: 'dkg.phase', at, data: { session, phase, expected: 0 } }, 'DKG 11111111… commitment began'],
  [{ type: 'dkg.message', at, data: { session, phase, from: node, hash: node, received: 1, expected: 7 } }, undefined],
  [
    { type: 'dkg.closed', at, data: { session, phase, view: 0, included: [node, node], durationMs: 12 } },
    'DKG 11111111… commitment closed with 2 messages in 12 ms',
  ],
  [
    { type: 'dkg.closed', at, data: { session, phase, view: 3, included: [node], durationMs: 2012 } },
    'DKG 11111111… commitment closed with 1 message in 2.0 s, view 3',
  ],
  [
    { type: 'dkg.blamed', at, data: { session, node, reason: 'false-accusation', phase } },
    'DKG 11111111… blamed: 22222222… for false accusation in commitment',
  ],
  [
    { type: 'dkg.stalled', at, data: { session, phase, waitingOn: [node] } },
    'DKG 11111111… stalled in commitment: waits for 22222222…',
  ],
  [
    { type: 'dkg.done', at, data: { session, resultKey: key, durationMs: 126 } },
    'DKG 11111111… done in 126 ms: key 33333333…',
  ],
  [
    { type: 'dkg.failed', at, data: { session, phase, reason: 'too-few' } },
    'DKG 11111111… failed in commitment: too few',
  ],
  [
    { type: 'decision', at, data: { prefix: 'root', generation: 4, view: 0, kind: 'join' } },
    'section root decided generation 4: join',
  ],
  [
    { type: 'membership', at, data: { prefix: 'root', generation: 4, node, age: 5, change: 'promoted' } },
    'node 22222222… became an elder of section root, age 5',
  ],
  [
    { type: 'handover', at, data: { prefix: 'root', generation: 5, key, parentKey: key, index: 2 } },
    'section root handed over to key 33333333…, link 2',
  ],
  [{ type: 'heartbeat', at, data: { node, live: true, lastSeen: at } }, 'node 22222222… is heard of'],
  [{ type: 'heartbeat', at, data: { node, live: false, lastSeen: at } }, 'node 22222222… is not heard of'],
  [{ type: 'reset', at, data: { reason: 'too-old' } }, 'some events were missed'],
];

describe('an event as a line', () => {
  test.each(lines.map(([event, line]) => [event.type, event, line] as const))('%s', (_, event, line) => {
    expect(eventLine({ id: '1', ...event } as WitanEvent, STYLE)).toBe(line);
  });
});
