import { DEFAULT_PARAMS, type DkgReport, type EndSource, initialState, type State } from '@witan/dkg';
import { WitanError } from '@witan/errors';
import { World } from '@witan/simulator';
import { networkTag } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { watchSessions } from '../src/index.ts';
import { instruments, makeSession, NODES } from './support.ts';

type Timeless<R> = R extends { readonly at: number } ? Omit<R, 'at'> : never;

const KEY = new Uint8Array(48).fill(7);
const PEER = NODES[1]!.name;
const OWN = { node: NODES[0]!.name };
const EPOCH_MS = 1_700_000_000_000;

const momentOf = ({ at }: { readonly at: number }) => ({ at, wallMs: EPOCH_MS + at });

/** What one process tells of its sessions, at times of the test's own. */
function setUp({ isCoordinator = false } = {}) {
  const { meter, log, lines } = instruments();
  const watched = watchSessions({ meter, log, wallClock: () => EPOCH_MS, ...(!isCoordinator && OWN) });
  const first = makeSession();
  const tell = (at: number, report: Timeless<DkgReport>, session = first) =>
    watched.onReport(session, { ...report, at } as DkgReport, momentOf({ at }));
  const start = (at: number, restarted = false, session = first) =>
    tell(at, { type: 'started', participants: [], restarted }, session);
  const end = (at: number, source: EndSource = 'broadcast', session = first) =>
    tell(at, { type: 'done', key: KEY, usableShare: !isCoordinator, source }, session);
  return { meter, lines, watched, tell, start, end, session: first };
}

describe('how long it took', () => {
  const PHASES = 'witan_dkg_phase_duration_seconds';
  const SESSION = 'witan_dkg_session_duration_seconds';

  test('each phase, and all of them', () => {
    const { meter, tell, start, end } = setUp();
    start(1000);
    tell(1000, { type: 'phase', phase: 'initialisation', expected: 3 });
    tell(1250, { type: 'closed', phase: 'initialisation', view: 0, included: [] });
    tell(1250, { type: 'phase', phase: 'justification', expected: 1 });
    tell(1750, { type: 'closed', phase: 'justification', view: 0, included: [] });
    tell(1750, { type: 'phase', phase: 'finalisation', expected: 3 });
    end(3000);
    expect(meter.observations(PHASES, { phase: 'initialisation' })).toEqual([0.25]);
    expect(meter.observations(PHASES, { phase: 'justification' })).toEqual([0.5]);
    expect(meter.observations(PHASES, { phase: 'finalisation' })).toEqual([1.25]);
    expect(meter.observations(SESSION)).toEqual([2]);
  });

  test('to the share on the disk, which is later than the message that ended it', () => {
    const { meter, tell, start, watched, session } = setUp();
    start(1000);
    tell(2000, { type: 'phase', phase: 'finalisation', expected: 3 });
    const done = { type: 'done', at: 2000, key: KEY, usableShare: true, source: 'broadcast' } as const;
    watched.onReport(session, done, momentOf({ at: 2010 }));
    expect(meter.observations(PHASES, { phase: 'finalisation' })).toEqual([0.01]);
    expect(meter.observations(SESSION)).toEqual([1.01]);
  });

  test('nothing is said of what began before this process', () => {
    const { meter, tell, start, end } = setUp();
    start(0, true);
    tell(0, { type: 'phase', phase: 'contribution', expected: 3 });
    tell(90_000, { type: 'closed', phase: 'contribution', view: 0, included: [] });
    tell(90_000, { type: 'phase', phase: 'complaining', expected: 3 });
    tell(90_100, { type: 'closed', phase: 'complaining', view: 0, included: [] });
    tell(90_100, { type: 'phase', phase: 'finalisation', expected: 3 });
    end(90_200);
    expect(meter.observations(PHASES, { phase: 'contribution' })).toEqual([]);
    expect(meter.observations(PHASES, { phase: 'complaining' })).toEqual([0.1]);
    expect(meter.observations(SESSION)).toEqual([]);
  });

  test('an actor that is restarted within the process goes on with its phase', () => {
    const { meter, tell, start, end } = setUp();
    start(0);
    tell(0, { type: 'phase', phase: 'initialisation', expected: 3 });
    start(400, true);
    tell(400, { type: 'phase', phase: 'initialisation', expected: 3 });
    tell(1000, { type: 'closed', phase: 'initialisation', view: 0, included: [] });
    end(3000);
    expect(meter.observations(PHASES, { phase: 'initialisation' })).toEqual([1]);
    expect(meter.observations(SESSION)).toEqual([3]);
  });

  test('a coordinator, which hears of it late, does not say', () => {
    const { meter, tell, start, end } = setUp({ isCoordinator: true });
    start(0);
    tell(0, { type: 'phase', phase: 'contribution', expected: 3 });
    tell(100, { type: 'closed', phase: 'contribution', view: 0, included: [] });
    end(200);
    expect(meter.observations(PHASES, { phase: 'contribution' })).toEqual([]);
    expect(meter.observations(SESSION)).toEqual([]);
    expect(meter.value('witan_dkg_sessions_total', { outcome: 'done' })).toBe(1);
  });
});

describe('how a session ends', () => {
  const outcomes = (meter: ReturnType<typeof setUp>['meter']) =>
    Object.fromEntries(meter.samples('witan_dkg_sessions_total').map(({ labels, value }) => [labels.outcome, value]));

  test('done by what was said, or learned by an answer; one that had ended before this process is not counted', () => {
    const { meter, tell, start, end, lines } = setUp();
    start(0);
    end(1);
    const other = makeSession(3);
    start(2, false, other);
    tell(3, { type: 'message', phase: 'initialisation', from: PEER, id: 'ab' }, other);
    end(3, 'answer', other);
    start(4, true);
    end(4, 'journal');
    expect(outcomes(meter)).toEqual({ done: 1, learned: 1 });
    expect(meter.observations('witan_dkg_session_duration_seconds')).toEqual([0.001]);
    const said = lines.filter(({ event }) => event === 'dkg-done').map(({ source }) => source);
    expect(said).toEqual(['broadcast', 'answer', 'journal']);
  });

  test('learned by one that was there takes as long as it took', () => {
    const { meter, tell, start, end } = setUp();
    start(0);
    tell(1, { type: 'message', phase: 'initialisation', from: PEER, id: 'ab' });
    end(3000, 'answer');
    expect(meter.observations('witan_dkg_session_duration_seconds')).toEqual([3]);
  });

  test('done after a restart in the middle is done', () => {
    const { meter, start, end } = setUp();
    start(0, true);
    end(1);
    expect(outcomes(meter)).toEqual({ done: 1 });
  });

  test('failed', () => {
    const { meter, tell, start, lines } = setUp();
    start(0);
    tell(1, { type: 'failed', reason: 'too few dealers' });
    expect(outcomes(meter)).toEqual({ failed: 1 });
    expect(lines.at(-1)).toMatchObject({ level: 'error', event: 'dkg-failed', reason: 'too few dealers' });
  });

  test('superseded, known here or not, and for want of whose shares', () => {
    const { meter, start, watched, session, lines } = setUp();
    start(0);
    watched.onSuperseded(session, []);
    watched.onSuperseded(makeSession(9), []);
    expect(outcomes(meter)).toEqual({ superseded: 2 });
    watched.onSuperseded(makeSession(8), [PEER]);
    expect(outcomes(meter)).toEqual({ superseded: 2 });
    expect(lines.at(-1)).toMatchObject({ level: 'warn', event: 'dkg-superseded', lacking: [PEER] });
  });
});

describe('messages', () => {
  const messages = (meter: ReturnType<typeof setUp>['meter']) =>
    meter.samples('witan_dkg_messages_total').map(({ labels, value }) => `${labels.phase} ${labels.result} ${value}`);

  test('count by what became of them; only what is bad counts as a rejection', () => {
    const { meter, lines, tell, start, session } = setUp();
    start(0);
    tell(0, { type: 'phase', phase: 'justification', expected: 3 });
    tell(1, { type: 'message', phase: 'justification', from: PEER, id: 'ab' });
    tell(1, { type: 'rejected', phase: 'contribution', reason: 'late' });
    tell(1, { type: 'rejected', phase: 'justification', reason: 'duplicate' });
    tell(1, { type: 'rejected', phase: 'unknown', reason: 'malformed' });
    expect(messages(meter)).toEqual([
      'justification accepted 1',
      'contribution late 1',
      'justification duplicate 1',
      'unknown rejected 1',
    ]);
    expect(meter.samples('witan_messages_rejected_total')).toEqual([
      { labels: { channel: 'dkg', reason: 'malformed' }, value: 1 },
    ]);
    const said = lines.filter(({ event }) => event === 'rejected');
    expect(said.map(({ level, phase, reason }) => [level, phase, reason])).toEqual([
      ['debug', 'contribution', 'late'],
      ['debug', 'justification', 'duplicate'],
      ['debug', 'unknown', 'malformed'],
    ]);
    expect(new Set(said.map((line) => line.session))).toEqual(new Set([session.id]));
  });

  test('that are held count when they come, not when they go; one that fails then is a failure', () => {
    const { meter, tell, start, lines, session } = setUp();
    start(0);
    for (const count of [1, 2, 0, 1]) tell(1, { type: 'held', count });
    expect(meter.value('witan_dkg_messages_total', { phase: 'initialisation', result: 'held' })).toBe(3);
    tell(2, { type: 'rejected', phase: 'contribution', reason: 'duplicate', heldFrom: PEER });
    const failed = () => meter.samples('witan_held_messages_failed_total')[0]?.value ?? 0;
    expect(failed()).toBe(0);
    expect(lines.filter(({ event }) => event === 'dkg-held-failed')).toEqual([]);
    tell(2, { type: 'rejected', phase: 'contribution', reason: 'invalid', heldFrom: PEER });
    expect(failed()).toBe(1);
    expect(lines.at(-1)).toMatchObject({
      event: 'dkg-held-failed',
      level: 'warn',
      session: session.id,
      phase: 'contribution',
      reason: 'invalid',
      from: PEER,
    });
  });

  test('of no session here count as unknown, by the code of the error', () => {
    const { meter, watched } = setUp();
    watched.onBadMessage(new WitanError('WITAN_ERR_NOT_MEMBER', 'nobody'));
    expect(messages(meter)).toEqual(['unknown rejected 1']);
    expect(meter.value('witan_messages_rejected_total', { channel: 'dkg', reason: 'not-member' })).toBe(1);
  });
});

test.each([
  'equivocation',
  'invalid-message',
  'too-many-complaints',
  'not-justified',
  'false-accusation',
  'false-commitment',
  'bad-signature-share',
] as const)('blame for %s counts in witan_dkg_blames_total, and is told with its session', (reason) => {
  const { meter, tell, start, lines, session } = setUp();
  start(0);
  tell(1, { type: 'blame', node: PEER, reason, phase: 'contribution', evidence: [KEY] });
  expect(meter.samples('witan_dkg_blames_total')).toEqual([{ labels: { reason }, value: 1 }]);
  expect(lines.at(-1)).toMatchObject({ event: 'blame', accused: PEER, reason, session: session.id, level: 'warn' });
  expect(JSON.stringify(lines)).not.toContain(Buffer.from(KEY).toString('hex'));
});

describe('what was asked for', () => {
  test.each(['later-phase', 'missing-message', 'no-progress', 'restart', 'more'] as const)(
    '%s, with each result in witan_anti_entropy_requests_total',
    (reason) => {
      const { meter, tell, start } = setUp();
      start(0);
      for (const result of ['new', 'nothing', 'timeout', 'refused'] as const) {
        tell(1, { type: 'asked', to: PEER, reason });
        tell(2, { type: 'answered', from: PEER, recovered: result === 'new' ? 5 : 0, result });
        expect(meter.value('witan_anti_entropy_requests_total', { kind: 'dkg', reason, result })).toBe(1);
      }
      expect(meter.value('witan_anti_entropy_recovered_total', { kind: 'dkg' })).toBe(5);
    },
  );

  test('that brings the end is told after it, and counts by its reason', () => {
    const { meter, tell, start, end } = setUp();
    start(0);
    tell(1, { type: 'asked', to: PEER, reason: 'later-phase' });
    end(2, 'answer');
    tell(2, { type: 'answered', from: PEER, recovered: 5, result: 'new' });
    expect(meter.samples('witan_anti_entropy_requests_total')).toEqual([
      { labels: { kind: 'dkg', reason: 'later-phase', result: 'new' }, value: 1 },
    ]);
  });

  test('is told apart by session', () => {
    const { meter, tell, start } = setUp();
    const other = makeSession(3);
    start(0);
    start(0, false, other);
    tell(1, { type: 'asked', to: PEER, reason: 'later-phase' });
    tell(1, { type: 'asked', to: PEER, reason: 'no-progress' }, other);
    tell(2, { type: 'answered', from: PEER, recovered: 0, result: 'nothing' });
    expect(meter.samples('witan_anti_entropy_requests_total')).toEqual([
      { labels: { kind: 'dkg', reason: 'later-phase', result: 'nothing' }, value: 1 },
    ]);
  });

  test('and what others got', () => {
    const { meter, tell, start } = setUp();
    start(0);
    tell(1, { type: 'served', to: PEER, items: 3, limited: false });
    tell(1, { type: 'served', to: PEER, items: 0, limited: false });
    tell(1, { type: 'served', to: PEER, items: 0, limited: true });
    const served = meter.samples('witan_anti_entropy_served_total').map(({ labels }) => labels.result);
    expect(served).toEqual(['answered', 'nothing', 'limited']);
  });
});

test('every line about a session names it', () => {
  const { tell, start, end, lines, session, watched } = setUp();
  start(0);
  tell(1, { type: 'phase', phase: 'contribution', expected: 3 });
  tell(2, { type: 'stalled', phase: 'contribution', waitingOn: [PEER] });
  tell(3, { type: 'resumed', phase: 'contribution' });
  tell(4, { type: 'closed', phase: 'contribution', view: 1, included: [] });
  end(5);
  watched.onSuperseded(session, []);
  expect(lines.map(({ event }) => event)).toEqual([
    'dkg-started',
    'dkg-phase',
    'dkg-stalled',
    'dkg-resumed',
    'dkg-closed',
    'dkg-done',
    'dkg-superseded',
  ]);
  expect(new Set(lines.map((line) => line.session))).toEqual(new Set([session.id]));
});

test('the repair of a share is told, after the end of the session too', () => {
  const { meter, tell, start, end, lines } = setUp();
  start(0);
  end(5);
  tell(6, { type: 'repairing', attempt: 1, dealers: [PEER] });
  tell(7, { type: 'repairing', attempt: 2, dealers: [PEER] });
  tell(8, { type: 'repaired', attempts: 2 });
  expect(meter.samples('witan_dkg_share_repairs_total')).toEqual([
    { labels: { result: 'tried' }, value: 2 },
    { labels: { result: 'repaired' }, value: 1 },
  ]);
  expect(lines.map(({ event }) => event)).toEqual([
    'dkg-started',
    'dkg-done',
    'share-repairing',
    'share-repairing',
    'share-repaired',
  ]);
});

test('what a session sends is sent once, also when nothing is known of the session', () => {
  const { start, watched, session } = setUp();
  let sent = 0;
  watched.sending(session, () => sent++);
  start(0);
  watched.sending(session, () => sent++);
  expect(sent).toBe(2);
});

/** A section of three whose third node can be silenced, with the metrics of its first. */
describe('gauges of now', () => {
  test('are those of the last session, and count what is held in all, while the end of the one before is not known', () => {
    const { meter, log } = instruments();
    const sessions = watchSessions({ meter, log, wallClock: () => EPOCH_MS });
    const identity = NODES[0]!;
    const params = DEFAULT_PARAMS;
    const stateOf = (generation: number, held: number, phase: State['phase']) => {
      const session = makeSession(generation);
      const messages = new Map(Array.from({ length: held }, (_, index) => [String(index), {} as never]));
      const state = initialState({ identity, network: networkTag('watch-tests'), params }, session);
      return [session.id, { session, state: { ...state, started: true, held: messages, phase } }] as const;
    };
    const all = new Map([stateOf(2, 3, 0), stateOf(4, 4, 2)]);
    sessions.watch(
      () => all,
      () => 0,
      2000,
    );
    expect(meter.value('witan_held_messages')).toBe(7);
    expect(meter.value('witan_dkg_phase')).toBe(3);
  });

  const NAMES = ['witan_dkg_phase', 'witan_dkg_waiting_on', 'witan_held_messages', 'witan_dkg_phase_age_seconds'];

  test('are those of the running session, in a stall and after a restart of the process', () => {
    const world = new World({ seed: 7, nodes: 3, policy: { elderCount: 3 } });
    world.startAll();
    const [first, , third] = world.nodes;
    const { meter, log } = instruments();
    const sessions = watchSessions({ meter, log, node: first!.name, wallClock: () => EPOCH_MS });
    sessions.watch(
      () => first!.elder?.sessions.all ?? new Map(),
      () => world.clock.now(),
      2000,
    );
    world.watchers.push({
      dkg: (node, session, report) => void (node === first && sessions.onReport(session, report, momentOf(report))),
    });
    const read = () => NAMES.map((name) => meter.value(name));
    const isPlay = () =>
      [...first!.elder!.sessions.all.values()].some(({ session }) => session.participants.length === 3);
    const isDone = () => first!.elder!.state.ledger?.elders.length === 3;

    // Nobody hears the third in Contribution.
    world.network.rule = ({ from, about }) =>
      from === third!.name && about.includes('dkg') && isPlay() ? 'lose' : 'pass';
    expect(world.run(60_000, isPlay)).toBe(true);
    expect(world.run(60_000, () => (meter.value('witan_dkg_waiting_on') ?? 0) === 1)).toBe(true);
    const phase = meter.value('witan_dkg_phase')!;
    world.run(3000);
    const [, , , age] = read();
    expect(read().slice(0, 3)).toEqual([phase, 1, 0]);
    expect(age).toBeGreaterThan(2);

    world.kill(first!, true);
    world.start(first!);
    world.run(500);
    expect(read().slice(0, 2)).toEqual([phase, 1]);

    world.network.rule = () => 'pass';
    expect(world.run(60_000, isDone)).toBe(true);
    world.run(1000);
    expect(read()).toEqual([0, 0, 0, 0]);
  });
});
