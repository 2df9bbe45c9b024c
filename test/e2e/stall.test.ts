import { randomBytes } from 'node:crypto';
import { subjects } from '@witan/bus';
import { forms } from '@witan/dkg';
import { isWitanError } from '@witan/errors';
import { DEFAULT_POLICY } from '@witan/section';
import { decode, encode, networkTag, peekEnvelope, sealEnvelope } from '@witan/wire';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PATIENCE_MS } from '../support/cluster.ts';
import type { ClusterNode } from '../support/cluster-node.ts';
import { EventStream } from '../support/event-stream.ts';
import { eventually, steadily } from '../support/eventually.ts';
import { figure } from '../support/figures.ts';
import { Recorder, resealed, stranger } from '../support/forge.ts';
import { type Condition, type MetricCast, MetricRun } from '../support/metric-run.ts';
import { Prometheus, whyNoPrometheus } from '../support/prometheus.ts';
import { promtoolComplaints, whyNoPromtool } from '../support/promtool.ts';
import { silentInPhase, spokenInSession } from '../support/session-messages.ts';
import { useCluster } from '../support/use-cluster.ts';
import { Watched } from '../support/watched.ts';
import { OF_THE_MACHINE, PROVOKED } from './alert-table.ts';
import { METRIC_TABLE } from './metric-table.ts';

const whyNotWatched = whyNoPrometheus();
if (whyNotWatched) console.error(`NOT RUN, what dashboards and alerts show of a section: ${whyNotWatched}`);
const whyNotChecked = whyNoPromtool();
if (whyNotChecked) console.error(`NOT RUN, promtool on what services expose: ${whyNotChecked}`);

const ABSENT_AFTER_MS = 5000;
const DEADLINE_MS = 1000;
const { cluster } = useCluster({
  nodes: 8,
  links: true,
  settings: { phaseDeadlineMs: DEADLINE_MS, absentAfterMs: ABSENT_AFTER_MS, retryAfterMs: 600_000, settleMs: 300 },
});
const tag = networkTag(cluster.network);
const subject = subjects(cluster.network);

const attest = () => cluster.api.attest({ body: { payload: 'aGVsbG8' } }, { timeoutMs: 20_000 });
const refusal = () =>
  attest().then(
    () => undefined,
    (error: unknown) => error,
  );

/** An elder that dies for long and comes back, elders that die in a stall, and those that live through all of it. */
interface Cast extends MetricCast {
  readonly dying: readonly ClusterNode[];
  readonly surviving: readonly ClusterNode[];
}

let chosen: Cast | undefined;

async function cast(): Promise<Cast> {
  if (chosen) return chosen;
  const [elders, [adult]] = await Promise.all([cluster.elders(), cluster.adults()]);
  const [surviving, dying] = [elders.slice(0, 3), elders.slice(3, 6)];
  const parts = { elder: surviving[0]!, late: surviving[2]!, replaced: elders[6]!, newcomer: adult!, returning: dying };
  chosen = { ...parts, dying, surviving };
  return chosen;
}

const metrics = new MetricRun(cluster, METRIC_TABLE, cast);
/** The same of processes that are killed and start again in the stall. */
const restarted = new MetricRun(cluster, METRIC_TABLE, async () => {
  const parts = await cast();
  return { ...parts, elder: parts.surviving[1]! };
});

const expectMetrics = (condition: Condition) =>
  hold(`the metrics of a ${condition} section are as the table says`, () => metrics.deviations(condition));

async function hold(what: string, deviations: () => Promise<string[]>, withinMs = 20_000): Promise<void> {
  await eventually(
    what,
    async () => {
      const wrong = await deviations();
      if (wrong.length > 0) throw new Error(wrong.join('\n'));
      return true;
    },
    { withinMs, everyMs: 200 },
  );
}

/** The one that stays. */
let stream: EventStream;
let prometheus: Prometheus;
let watched: Watched;
beforeAll(async () => {
  if (whyNotWatched) return;
  prometheus = await Prometheus.start();
  watched = new Watched(cluster, prometheus, PROVOKED);
  watched.follow();
});
afterAll(() => prometheus?.stop());

/** Somebody asks for this and that all the while. */
const expectShown = (condition: Condition) => {
  const gaps = async () => {
    await Promise.all([refusal(), cluster.section()]);
    return watched.gaps(condition);
  };
  return hold(`dashboards and alerts show a ${condition} section`, gaps, PATIENCE_MS);
};

/** Two follow the events of the gateway, and one of them leaves. */
async function followEvents(): Promise<void> {
  const leaving = new AbortController();
  stream = await EventStream.open(cluster.url);
  await fetch(`${cluster.url}/v1/events`, { signal: leaving.signal });
  leaving.abort();
}

describe('a healthy section', () => {
  test('every metric is as it should be', async () => {
    await cast();
    await attest();
    await followEvents();
    await expectMetrics('healthy');
    await metrics.mark();
  });

  test.skipIf(whyNotWatched)('every panel that is made for it shows it, and no alert is raised', async () => {
    await expectShown('healthy');
    const raised = await watched.raised();
    expect(raised.filter((alert) => !OF_THE_MACHINE.includes(alert))).toEqual([]);
  });

  test.skipIf(whyNotChecked)('promtool has nothing against what the services expose', async () => {
    const node = cluster.nodes[0]!;
    for (const service of [cluster.gateway, cluster.coordinators[0]!, node.elder, node.adult]) {
      const complaints = promtoolComplaints((await service.metrics()).text);
      expect([service.name, complaints]).toEqual([service.name, '']);
    }
  });
});

describe('an elder that is dead for long', () => {
  /** Held messages and usable share of the elder that misses a phase. */
  async function gaugesOfLate(): Promise<(number | undefined)[]> {
    const { late } = await cast();
    const scrape = await late.elder.metrics();
    return ['witan_held_messages', 'witan_elder_usable_share'].map((name) => scrape.value(name));
  }

  test('is replaced by an adult, by a new DKG, and the chain grows', async () => {
    const { replaced, newcomer, late } = await cast();
    const before = await cluster.section();
    // One of the others hears nothing of a phase, nor any answer.
    late.link.muffle((message) => {
      const isAnswer = message.subject.startsWith('_INBOX.');
      return !isAnswer && spokenInSession(message, tag)?.payload.type !== 'complaining';
    });
    await replaced.kill();
    const diedAtMs = performance.now();
    const holds = eventually(
      'the one that misses a phase holds what follows it',
      async () => (await gaugesOfLate())[0]! > 0,
      { withinMs: PATIENCE_MS, everyMs: 10 },
    );
    const after = await eventually(
      'the adult is an elder',
      async () => {
        const section = await cluster.section();
        return section.elders.some(({ name, usableShare }) => name === newcomer.name && usableShare) && section;
      },
      { withinMs: PATIENCE_MS },
    );
    // Those who wait for the one that misses a phase wait a deadline in that phase and in the next, then for its share, and
    // do all that once more.
    const targetMs = ABSENT_AFTER_MS + 2 * (2 * DEADLINE_MS + DEFAULT_POLICY.confirmWithinMs) + 2000;
    figure('an elder is replaced after its death', performance.now() - diedAtMs, { targetMs });
    expect(after.elders.map(({ name }) => name)).not.toContain(replaced.name);
    expect(after.elders).toHaveLength(7);
    expect(after.chainLength).toBe(before.chainLength + 1);
    await attest();
    await holds;
  });

  test('one that missed a phase of that is an elder without a share, and gets it when it hears again', async () => {
    const { late } = await cast();
    await eventually('it knows that it has none', async () => (await gaugesOfLate())[1] === 0, {
      withinMs: PATIENCE_MS,
    });
    expect((await cluster.elders()).map(({ name }) => name)).toContain(late.name);
    late.link.heal();
    await eventually('it holds nothing, and has its share', async () => String(await gaugesOfLate()) === '0,1', {
      withinMs: PATIENCE_MS,
    });
  });
});

describe('below a supermajority', () => {
  let session: string;
  let recorder: Recorder;

  /** What a client has been told of the session, without what is told of single nodes. */
  const course = () =>
    stream.events
      .map(({ type, data }) => ({ type, ...(JSON.parse(data) as { data: { session?: string; phase?: string } }).data }))
      .filter((event) => event.session === session && !['dkg.message', 'dkg.repaired'].includes(event.type));
  const told = (type: string, phase?: string) => {
    const isIt = (event: { type: string; phase?: string }) =>
      event.type === type && (phase === undefined || event.phase === phase);
    return eventually(`a client is told ${type}`, () => course().find(isIt), { withinMs: PATIENCE_MS });
  };

  test('a session stalls, and says in which phase and whom it waits for', async () => {
    const { replaced, dying } = await cast();
    recorder = new Recorder(await cluster.bus(), cluster.network);
    for (const node of dying) node.link.govern(silentInPhase('contribution', tag, node.identity()));
    const before = (await cluster.lastSession())!.id;
    // What comes back takes its place again: that takes a session.
    replaced.elder.start();
    replaced.adult.start();
    session = await eventually(
      'all others are in the phase that waits for three',
      async () => {
        const { id, participants } = (await cluster.lastSession())!;
        // The elder that goes out looks on, and tells of it too.
        const isThere = ({ name }: { name: string }) =>
          cluster.nodeOf(name).elder.said({ event: 'dkg-phase', phase: 'contribution', session: id }).length > 0;
        return id !== before && participants.every(isThere) && id;
      },
      { withinMs: PATIENCE_MS, everyMs: 10 },
    );
    // Whoever listens to everything answers for the dead, in that nobody knows that they are.
    recorder.stop();
    await Promise.all(dying.map((node) => node.kill()));
    const stalled = await eventually(
      'the gateway shows the stall',
      async () => {
        const shown = await cluster.api.session({ id: session });
        return shown.state === 'stalled' && shown;
      },
      { withinMs: PATIENCE_MS },
    );
    expect(stalled.phase).toBe('contribution');
    expect(stalled.waitingOn).toEqual(dying.map(({ name }) => name).sort());
    // A busy machine may have had an earlier phase wait as well.
    expect(await told('dkg.stalled', 'contribution')).toMatchObject({ waitingOn: stalled.waitingOn });
    expect(course().at(-1)!.type).toBe('dkg.stalled');
    const { elder } = (await cast()).surviving[0]!;
    // The gateway has it from whichever participant was the first to tell.
    const said = () => elder.said({ event: 'dkg-stalled', session }).at(-1)?.waitingOn as string[] | undefined;
    await eventually('a survivor says the same', () => said()?.toSorted().join() === stalled.waitingOn.join(), {
      withinMs: PATIENCE_MS,
    });
  });

  test('nothing can be signed, and the answer names those that are missed', async () => {
    const { dying } = await cast();
    const error = await eventually('the refusal', refusal, { withinMs: PATIENCE_MS });
    expect(isWitanError(error) && error.code).toBe('WITAN_ERR_NO_QUORUM');
    expect(error).toHaveProperty('data.waitingOn', expect.arrayContaining(dying.map(({ name }) => name)));
    expect(error).toHaveProperty('data.status', 503);
  });

  test('who lives is alive and ready all the same: nothing is gained by a restart', async () => {
    const { surviving } = await cast();
    for (const service of [...surviving.map(({ elder }) => elder), cluster.gateway]) {
      for (const path of ['/livez', '/readyz'] as const) {
        expect([service.name, path, (await service.probe(path)).status]).toEqual([service.name, path, 200]);
      }
    }
  });

  test('the metrics tell it, and stay true while it lasts', async () => {
    await sendWhatNobodyTakes();
    await expectMetrics('stalled');
    const gauges = async () => expect(await metrics.gaugeDeviations('stalled')).toEqual([]);
    await steadily('the metrics of the stall', gauges, { forMs: 2000, everyMs: 200 });
  });

  test.skipIf(whyNotWatched)('every panel and every alert that is made for it shows it', async () => {
    watched.follow();
    await expectShown('stalled');
    const { dying } = await cast();
    const shown = await watched.instances('dkg', 'Who is waited for');
    expect(shown).toEqual(dying.map(({ elder }) => new URL(elder.metricsUrl!).host).toSorted());
  });

  test('a survivor, the gateway and the coordinator that are killed and come back tell the same', async () => {
    const { surviving } = await cast();
    const { elder, adult } = surviving[1]!;
    const killed = [elder, adult, cluster.gateway, cluster.coordinators[0]!];
    await Promise.all(killed.map((each) => each.kill()));
    for (const each of killed) each.start();
    await Promise.all(killed.map((each) => each.ready()));
    await eventually('the refusal', async () => (await refusal()) !== undefined, { withinMs: PATIENCE_MS });
    await followEvents();
    await hold('their gauges are those of the stall', () => restarted.gaugeDeviations('stalled'));
    expect((await cluster.api.session({ id: session })).state).toBe('stalled');
    await metrics.mark();
  });

  test('it goes on when they return: the same session makes its key', async () => {
    const { dying, surviving } = await cast();
    expect(course()).toEqual([]);
    for (const { elder, adult, link } of dying) {
      link.heal();
      elder.start();
      adult.start();
    }
    const shown = await eventually(
      'the session is done',
      async () => {
        const now = await cluster.api.session({ id: session });
        return now.state === 'done' && now;
      },
      { withinMs: PATIENCE_MS },
    );
    const startedAtMs = Math.max(...dying.map(({ elder }) => elder.startedAtMs));
    figure('three are back: the stalled session has its key', performance.now() - startedAtMs, { targetMs: 3000 });
    expect(shown).toMatchObject({ attempt: 0, blame: [], waitingOn: [] });
    await told('dkg.done');
    const [closed, begun] = course();
    expect(closed).toMatchObject({ type: 'dkg.closed', phase: 'contribution' });
    expect(begun).toMatchObject({ type: 'dkg.phase', phase: 'complaining' });
    for (const { elder } of surviving) {
      expect(elder.said({ event: 'dkg-resumed', session }), elder.name).not.toEqual([]);
    }
    const section = await cluster.settled();
    expect(section.key).toBe(shown.resultKey);
    await attest();
  });

  test('the metrics of the section that has recovered are those of a healthy one', async () => {
    await expectMetrics('recovered');
    await hold('those of who was killed too', () => restarted.gaugeDeviations('recovered'));
  });

  test.skipIf(whyNotWatched)('every panel that is made for what went on shows it, and alerts end', async () => {
    watched.follow();
    await expectShown('recovered');
    await watched.draw(['overview', 'dkg']);
    const ending = Object.keys(PROVOKED).filter((alert) => PROVOKED[alert]!.ends === 'at once');
    await hold('what is over raises no alert', async () => {
      const raised = await watched.raised();
      return ending.filter((alert) => raised.includes(alert));
    });
  });

  /** A message once more, one of a phase that is over, one of a stranger, and noise for everyone. */
  async function sendWhatNobodyTakes(): Promise<void> {
    const { dying, surviving } = await cast();
    const bus = await cluster.bus();
    const topic = subject.dkg('', session);
    const heard = recorder.ofKind('dkgMessage', tag);
    const spoken = (author: ClusterNode, type: forms.PayloadType) =>
      heard.find((payload) => {
        const said = spokenInSession({ payload }, tag);
        return said?.session === session && said.author === author.name && said.payload.type === type;
      })!;
    const repeated = spoken(surviving[2]!, 'contribution');
    const over = decode(forms.messageCodec, peekEnvelope(spoken(dying[0]!, 'initialisation'), tag).body);
    const late = encode(forms.messageCodec, {
      ...over,
      payload: { type: 'initialisation', ephemeral: randomBytes(32) },
    });
    bus.publish(topic, repeated);
    bus.publish(topic, sealEnvelope(dying[0]!.identity(), tag, 'dkgMessage', late).raw);
    bus.publish(topic, resealed(repeated, tag, stranger()));
    bus.publish(subject.events(''), randomBytes(100));
    await bus.flush();
  }
});
