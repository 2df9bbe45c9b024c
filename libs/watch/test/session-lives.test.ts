import { type DkgReport, Phase, phaseName, type Session, type State } from '@witan/dkg';
import { startTracing } from '@witan/observability';
import { type SimNode, type SimProcess, World } from '@witan/simulator';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { watchSessions } from '../src/index.ts';
import { instruments, makeSession, NODES } from './support.ts';

const NODE_COUNT = 4;
const EPOCH_MS = Date.UTC(2026, 0, 1);

const momentOf = ({ at }: { readonly at: number }) => ({ at, wallMs: EPOCH_MS + at });

type Life = ReturnType<typeof newLife>;

function newLife(world: World, node?: string) {
  const { meter, log } = instruments();
  const sessions = watchSessions({
    meter,
    log,
    wallClock: () => EPOCH_MS + world.clock.now(),
    ...(node === undefined ? {} : { node }),
  });
  const count = (outcome: string) => meter.value('witan_dkg_sessions_total', { outcome }) ?? 0;
  return { sessions, count };
}

/** Four nodes that become four elders; each process has its own metrics and traces. */
function sectionOfFour() {
  const world = new World({ seed: 11, nodes: NODE_COUNT, policy: { elderCount: NODE_COUNT } });
  const lives = new Map<SimProcess, Life>();
  world.watchers.push({
    started: (node) => void lives.set(node, newLife(world, node.name)),
    dkg: (node, session, report) => lives.get(node)!.sessions.onReport(session, report, momentOf(report)),
  });
  const sessionOf = (node: SimNode) =>
    [...node.elder!.sessions.all.values()].find(({ session }) => session.participants.length === NODE_COUNT);
  const until = (what: string, holds: () => boolean) => {
    if (!world.run(60_000, holds)) throw new Error(`it did not come to this: ${what}`);
  };
  const isElder = (node: SimNode) => node.elder!.state.ledger?.elders.length === NODE_COUNT;
  world.startAll();
  return { world, nodes: world.nodes, lifeOf: (node: SimNode) => lives.get(node)!, sessionOf, until, isElder };
}

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly id: string;
  readonly parentSpanContext: { readonly spanId: string } | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** In µs. */
  readonly timestamp: number;
  readonly duration: number;
}

let spans: Span[];
let flush: () => Promise<void>;

beforeEach(async () => {
  spans = [];
  vi.stubEnv('OTEL_TRACES_EXPORTER', 'console');
  vi.spyOn(console, 'dir').mockImplementation((span: Span) => void spans.push(span));
  flush = (await startTracing({ service: 'elder', version: '1', env: process.env }))!;
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const named = (session: Session, name: string) =>
  spans.filter((span) => span.name === name && span.attributes['witan.session'] === session.id);
const outcomes = (of: readonly Span[]) => of.map(({ attributes }) => attributes['witan.outcome']);

test('what has ended is counted and traced once, however often its processes start', async () => {
  const { world, nodes, lifeOf, sessionOf, until, isElder } = sectionOfFour();
  until('all are elders', () => nodes.every(isElder));
  const { session } = sessionOf(nodes[0]!)!;
  const ended = nodes.map((node) => lifeOf(node).count('done'));
  expect(Math.min(...ended)).toBeGreaterThan(0);
  for (const node of nodes) {
    world.kill(node, true);
    world.start(node);
  }
  world.run(5000);
  expect(nodes.map((node) => sessionOf(node)!.state.recorded)).toEqual(nodes.map(() => true));
  expect(nodes.map((node) => [lifeOf(node).count('done'), lifeOf(node).count('learned')])).toEqual(
    nodes.map(() => [0, 0]),
  );
  for (const node of nodes) lifeOf(node).sessions.stop();
  await flush();
  const participants = named(session, 'dkg participant');
  expect(outcomes(participants)).toEqual(nodes.map(() => 'done'));
  expect(named(session, 'dkg finalisation')).toHaveLength(NODE_COUNT);
  const roots = named(session, 'dkg session');
  expect(outcomes(roots)).toEqual(['done', 'done']);
  expect(roots[0]!.parentSpanContext).toBeUndefined();
  const [same] = roots.map(({ id, attributes }) => ({ id, attributes }));
  expect(roots[1]).toMatchObject(same!);
  expect(participants.map(({ parentSpanContext }) => parentSpanContext!.spanId)).toEqual(nodes.map(() => roots[0]!.id));
});

test('one that hears nothing of the rest of a session has learned its end', async () => {
  const { world, nodes, lifeOf, sessionOf, until, isElder } = sectionOfFour();
  const late = nodes[3]!;
  const others = nodes.slice(0, 3);
  until('it is in Contribution', () => (sessionOf(late)?.state.phase ?? 0) > 0);
  const before = lifeOf(late).count('done');
  world.network.rule = ({ from, to }) => (from === late.name || to === late.name ? 'lose' : 'pass');
  until('all others are elders', () => others.every(isElder));
  world.network.rule = () => 'pass';
  until('it has learned it', () => lifeOf(late).count('learned') > 0);
  expect([lifeOf(late).count('learned'), lifeOf(late).count('done')]).toEqual([1, before]);
  expect(others.map((node) => lifeOf(node).count('learned'))).toEqual([0, 0, 0]);
  await flush();
  const { session } = sessionOf(late)!;
  expect(outcomes(named(session, 'dkg participant')).sort()).toEqual(['done', 'done', 'done', 'learned']);
});

test('a session is told of as a whole also when the first that would tell of it is killed', async () => {
  const { world, nodes, sessionOf, until } = sectionOfFour();
  const [first, ...others] = nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const heard = (node: SimNode) => sessionOf(node)?.state.messages[Phase.Commitment]?.size ?? 0;
  until('all have spoken in Commitment', () => others.every((node) => heard(node) === NODE_COUNT));
  world.kill(first!, false);
  until('the others are done', () => others.every((node) => sessionOf(node)!.state.recorded));
  await flush();
  const { session, state } = sessionOf(others[0]!)!;
  expect([...state.closes[Phase.Commitment]!.included.keys()]).toEqual([0, 1, 2, 3]);
  expect(outcomes(named(session, 'dkg participant'))).toEqual(['done', 'done', 'done']);
  const [root, ...more] = named(session, 'dkg session');
  expect([root?.attributes['witan.outcome'], root?.parentSpanContext, more]).toEqual(['done', undefined, []]);
});

test('a process that stops in the middle tells of the session and of the phase that it is in', async () => {
  const { world, nodes, lifeOf, sessionOf, until } = sectionOfFour();
  const [first] = nodes;
  until('it is in Contribution', () => (sessionOf(first!)?.state.phase ?? 0) === 1);
  // What is on its way still arrives.
  world.network.rule = () => 'lose';
  world.run(700);
  const stoppedAt = EPOCH_MS + world.clock.now();
  first!.elder!.stop();
  lifeOf(first!).sessions.stop();
  lifeOf(first!).sessions.stop();
  await flush();
  const { session, state } = sessionOf(first!)!;
  const [participant, ...more] = named(session, 'dkg participant');
  expect(more).toEqual([]);
  expect(participant!.attributes).toMatchObject({ 'witan.outcome': 'interrupted', 'witan.node': first!.name });
  const isOwn = (span: Span) => span.attributes['witan.node'] === first!.name;
  const [phase] = named(session, `dkg ${phaseName(state.phase)}`).filter(isOwn);
  expect(phase!.parentSpanContext!.spanId).toBe(participant!.id);
  expect((phase!.timestamp + phase!.duration) / 1000).toBe(stoppedAt);
  expect(named(session, 'dkg session')).toEqual([]);
});

describe('by reports of the test’s own', () => {
  const session = makeSession();
  const [ME, PEER] = [NODES[0]!.name, NODES[1]!.name];
  const world = { clock: { now: () => 0 } } as World;
  const told = (node: string | undefined, reports: readonly object[], of = session) => {
    const { sessions } = newLife(world, node);
    for (const report of reports)
      sessions.onReport(of, { at: 0, ...report } as DkgReport, momentOf({ at: 0, ...report }));
    return sessions;
  };
  const START = { type: 'started', participants: [], restarted: false };
  const phase = (name: string) => ({ type: 'phase', phase: name, expected: 3 });
  const closed = (name: string, included: readonly string[]) => ({ type: 'closed', phase: name, view: 0, included });
  const done = (source: string) => ({ type: 'done', key: new Uint8Array(48), usableShare: true, source });

  test('each coordinator is a child of the one root, and one that learns of the past adds nothing', async () => {
    const message = { type: 'message', phase: 'initialisation', from: ME, id: 'ab' };
    const answered = { type: 'answered', from: ME, recovered: 5, result: 'new' };
    told(undefined, [START, message, phase('finalisation'), closed('finalisation', [ME]), done('broadcast')]);
    told(undefined, [START, message, { ...done('answer'), at: 5 }]);
    told(undefined, [START, phase('initialisation'), message, closed('initialisation', [ME]), done('answer')]);
    told(undefined, [START, message, answered, { ...done('answer'), at: 5 }]);
    told(undefined, [START, message, answered]).stop();
    told(undefined, [START]).stop();
    await flush();
    const ids = spans.map(({ id }) => id);
    expect(spans.map(({ name }) => name)).toEqual(['dkg coordinator', 'dkg coordinator']);
    expect(new Set([...ids, ...spans.map((span) => span.parentSpanContext!.spanId)]).size).toBe(3);
  });

  test('the first in the last close that has anybody tell of the whole; one who saw a part of it does not', async () => {
    const rest = [closed('complaining', [ME, PEER]), phase('justification'), closed('justification', [])];
    told(PEER, [START, ...rest, { type: 'failed', reason: 'x' }]);
    told(ME, [{ ...START, restarted: true }, ...rest, { type: 'failed', reason: 'x' }]);
    told(ME, [START, ...rest, { type: 'failed', reason: 'x' }]);
    await flush();
    expect(outcomes(named(session, 'dkg session'))).toEqual(['failed']);
    expect(named(session, 'dkg justification')).toHaveLength(3);
  });

  describe('of four, of whom one may be killed', () => {
    const four = makeSession(2, 4);
    const names = NODES.map(({ name }) => name);
    const stalled = (...missing: readonly number[]) => ({
      type: 'stalled',
      phase: 'contribution',
      waitingOn: missing.map((index) => names[index]),
    });
    const by = (index: number, ...reports: readonly object[]) => told(names[index], [START, ...reports], four);
    /** How many tell, when the section goes on without it. */
    const tellers = async (...lives: readonly ReturnType<typeof told>[]) => {
      for (const each of lives) each.onSuperseded(four, []);
      await flush();
      const roots = named(four, 'dkg session');
      expect(outcomes(roots)).toEqual(roots.map(() => 'superseded'));
      return roots.length;
    };
    const last = closed('initialisation', names.slice(2));
    const resumed = { type: 'resumed', phase: 'contribution' };

    test('two tell of it', async () => {
      expect(await tellers(by(0), by(1), by(2), by(3))).toBe(2);
    });

    test('and none that was not there last', async () => {
      expect(await tellers(by(0, last), by(1, last))).toBe(0);
    });

    test('but two that were', async () => {
      expect(await tellers(by(2, last), by(3, last))).toBe(2);
    });

    test('in a stall two that are not missed', async () => {
      expect(await tellers(by(2, stalled(0, 1)), by(3, stalled(0, 1)))).toBe(2);
    });

    test('and who was missed is counted again when it is back', async () => {
      const back = closed('contribution', names);
      expect(await tellers(by(2, stalled(0, 1), resumed), by(3, stalled(0, 1), back))).toBe(0);
    });
  });

  test('one that is superseded ends with the phase that it was in', async () => {
    told(ME, [START, phase('commitment')]).onSuperseded(session, []);
    await flush();
    expect(outcomes(named(session, 'dkg participant'))).toEqual(['superseded']);
    expect(named(session, 'dkg commitment')).toHaveLength(1);
  });

  test('one that the section has left behind, and nobody here watches any more, is not interrupted', async () => {
    const { sessions } = newLife(world, ME);
    let all: Parameters<typeof sessions.watch>[0] = () => new Map([[session.id, { session, state: {} as State }]]);
    sessions.watch(
      () => all(),
      () => 0,
      2000,
    );
    sessions.onReport(session, { at: 0, ...START } as DkgReport, momentOf({ at: 0 }));
    all = () => new Map();
    sessions.stop();
    await flush();
    expect(spans).toEqual([]);
  });

  test('what is told of a session after its end is no part of it', async () => {
    const served = { type: 'served', to: PEER, items: 1, limited: false };
    told(ME, [START, phase('finalisation'), done('broadcast'), served]).stop();
    await flush();
    expect(outcomes(named(session, 'dkg participant'))).toEqual(['done']);
  });
});
