import type { Identity } from '@witan/crypto';
import { LIVE_MS } from '@witan/elder';
import { heartbeatBody, SERVICES } from '@witan/section';
import { encode, openEnvelope, sealEnvelope } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { Presence } from '../src/backend-live/presence.ts';
import { identities, TAG } from './made-session.ts';

const [node, other] = identities(2) as [Identity, Identity];
const KEY = new Uint8Array(48).fill(1);
const OLD_KEY = new Uint8Array(48).fill(2);

interface Beat {
  readonly by?: Identity;
  readonly service?: (typeof SERVICES)[number];
  readonly key?: Uint8Array;
  readonly usableShare?: boolean;
  readonly prefix?: string;
}

let beats = 0;
const body = ({ service = 'elder', key = KEY, usableShare = true, prefix = '' }: Beat) =>
  encode(heartbeatBody, {
    prefix,
    service: SERVICES.indexOf(service),
    generation: 3,
    key,
    usableShare,
    sequence: beats++,
  });
const signed = (beat: Beat = {}) => openEnvelope(sealEnvelope(beat.by ?? node, TAG, 'heartbeat', body(beat)).raw, TAG);

/** The wall clock is an hour ahead of the other one. */
const AHEAD_MS = 3_600_000;
const moment = (atMs: number) => ({ atMs, wallMs: atMs + AHEAD_MS });

function setUp(members: readonly Identity[] = [node, other]) {
  const names = new Set(members.map(({ name }) => name));
  const changes: [string, boolean, number | undefined][] = [];
  const presence = new Presence(
    '',
    (name) => names.has(name),
    (...change) => void changes.push(change),
  );
  return { presence, changes };
}

describe('who is there', () => {
  test('is not who is heard in another section', () => {
    const { presence, changes } = setUp();
    expect(() => presence.take(signed({ prefix: '1' }), moment(1000))).toThrow('WITAN_ERR_INVALID');
    expect([presence.isReachable(node.name, 1000), changes]).toEqual([false, []]);
  });

  test('is told when it changes, and only then', () => {
    const { presence, changes } = setUp();
    for (const at of [0, 500, 1000]) presence.take(signed(), moment(at));
    presence.sweep(1000 + LIVE_MS - 1, true);
    expect(changes).toEqual([[node.name, true, AHEAD_MS]]);
    presence.sweep(1000 + LIVE_MS, true);
    presence.sweep(9000, true);
    expect(changes.slice(1)).toEqual([[node.name, false, AHEAD_MS + 1000]]);
    presence.take(signed(), moment(9500));
    expect(changes.slice(2)).toEqual([[node.name, true, AHEAD_MS + 9500]]);
  });

  test('a node is reachable by either of its processes, an elder only by its own', () => {
    const { presence, changes } = setUp();
    presence.take(signed({ service: 'elder' }), moment(0));
    presence.take(signed({ service: 'adult' }), moment(3000));
    presence.sweep(5000, true);
    expect(changes).toHaveLength(1);
    expect(presence.isReachable(node.name, 5000)).toBe(true);
    expect(presence.lastSeenMs(node.name)).toBe(AHEAD_MS + 3000);
    expect(presence.elder(node.name, KEY, 5000)).toEqual({ live: false, usableShare: false });
  });

  test('a wall clock that is set back brings nobody back to life', () => {
    const { presence } = setUp();
    presence.take(signed(), { atMs: 0, wallMs: AHEAD_MS });
    presence.take(signed(), { atMs: 1000, wallMs: 1000 });
    expect(presence.lastSeenMs(node.name)).toBe(1000);
    expect(presence.isReachable(node.name, 1000 + LIVE_MS)).toBe(false);
    expect(presence.elder(node.name, KEY, 1000 + LIVE_MS)).toEqual({ live: false, usableShare: false });
  });

  test('a node that nobody has heard of is not there', () => {
    const { presence } = setUp();
    expect(presence.lastSeenMs(node.name)).toBeUndefined();
    expect(presence.isReachable(node.name, 0)).toBe(false);
    expect(presence.elder(node.name, KEY, 0)).toEqual({ live: false, usableShare: false });
  });
});

describe('who is silent', () => {
  /** The other one is heard each second, and at `untilMs`. */
  const hearOther = (presence: Presence, fromMs: number, untilMs: number) => {
    for (let at = fromMs; at < untilMs; at += 1000) presence.take(signed({ by: other }), moment(at));
    presence.take(signed({ by: other }), moment(untilMs));
  };
  const silent = (presence: Presence) => [node, other].map(({ name }) => presence.isElderSilent(name));

  test('is told by those who are heard', () => {
    const { presence } = setUp();
    expect(silent(presence)).toEqual([false, false]);
    for (const service of ['elder', 'adult'] as const) presence.take(signed({ service }), moment(0));
    hearOther(presence, 500, LIVE_MS - 1);
    expect(silent(presence)).toEqual([false, false]);
    // Its elder process is what takes part in sessions.
    presence.take(signed({ service: 'adult' }), moment(LIVE_MS));
    expect(silent(presence)).toEqual([true, false]);
    presence.take(signed(), moment(LIVE_MS + 100));
    expect(silent(presence)).toEqual([false, false]);
  });

  test('is also who was never heard, since others are', () => {
    const { presence } = setUp();
    hearOther(presence, 60_000, 60_000 + LIVE_MS - 1);
    expect(silent(presence)).toEqual([false, false]);
    presence.take(signed({ by: other }), moment(60_000 + LIVE_MS));
    expect(silent(presence)).toEqual([true, false]);
  });

  test.each([
    ['a break', 2 * LIVE_MS],
    ['a short one', 2001],
  ])('is nobody where nobody is heard, nor at once after %s of that', (_, breakMs) => {
    const { presence } = setUp();
    hearOther(presence, 0, 1000);
    presence.take(signed(), moment(1000));
    const back = 1000 + breakMs;
    presence.sweep(back, true);
    expect(silent(presence)).toEqual([false, false]);
    hearOther(presence, back, back + LIVE_MS - 1);
    expect(silent(presence)).toEqual([false, false]);
    presence.take(signed({ by: other }), moment(back + LIVE_MS));
    expect(silent(presence)).toEqual([true, false]);
  });
});

test('while this gateway has no connection nobody is told to be gone; who is back is, and then who is not', () => {
  const { presence, changes } = setUp();
  for (const by of [node, other]) presence.take(signed({ by }), moment(0));
  changes.length = 0;
  for (let at = 500; at <= 10_000; at += 500) presence.sweep(at, false);
  // It was not heard of, which is what is shown.
  expect([presence.isReachable(node.name, 10_000), changes]).toEqual([false, []]);
  presence.take(signed(), moment(10_200));
  presence.sweep(10_000 + LIVE_MS - 1, true);
  expect(changes).toEqual([[node.name, true, AHEAD_MS + 10_200]]);
  presence.sweep(10_000 + LIVE_MS, true);
  expect(changes.slice(1)).toEqual([[other.name, false, AHEAD_MS]]);
});

test.each([
  [{}, 1, { live: true, usableShare: true }],
  [{ usableShare: false }, 1, { live: true, usableShare: false }],
  // It has not heard of the handover: its share is of another key.
  [{ key: OLD_KEY }, 1, { live: true, usableShare: false }],
  [{}, LIVE_MS, { live: false, usableShare: false }],
] as const)('an elder that says %j can sign after %i ms: %j', (beat, afterMs, expected) => {
  const { presence } = setUp();
  presence.take(signed(beat), moment(0));
  expect(presence.elder(node.name, KEY, afterMs)).toEqual(expected);
});

test('what is no heartbeat is refused, and changes nothing', () => {
  const { presence, changes } = setUp();
  const beat = body({});
  const refused = [
    openEnvelope(sealEnvelope(node, TAG, 'joinRequest', beat).raw, TAG),
    openEnvelope(sealEnvelope(node, TAG, 'heartbeat', beat.slice(1)).raw, TAG),
    openEnvelope(
      sealEnvelope(
        node,
        TAG,
        'heartbeat',
        encode(heartbeatBody, { prefix: '', service: 9, generation: 3, key: KEY, usableShare: true, sequence: 0 }),
      ).raw,
      TAG,
    ),
  ];
  for (const each of refused) expect(() => presence.take(each, moment(0))).toThrow(/WITAN_ERR_(INVALID|MALFORMED)/);
  expect(changes).toEqual([]);
  expect(presence.names()).toEqual([]);
});

test('of strangers the last heard of are remembered, and no member is forgotten for them', () => {
  const { presence } = setUp([node]);
  presence.take(signed(), moment(0));
  const crowd = identities(400, 'stranger');
  for (const [at, by] of crowd.entries()) presence.take(signed({ by }), moment(1 + at));
  const names = new Set(presence.names());
  expect(names.has(node.name)).toBe(true);
  expect(names.size).toBe(1 + 256);
  for (const { name } of crowd.slice(-256)) expect(names.has(name)).toBe(true);
});
