import { tolerated } from '@witan/chain';
import { PHASES } from '@witan/dkg';
import { networkTag } from '@witan/wire';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PATIENCE_MS } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { type CollectedSpan, OtlpCollector } from '../support/otlp-collector.ts';
import { Prometheus, whyNoPrometheus } from '../support/prometheus.ts';
import { spokenInSession } from '../support/session-messages.ts';
import { useCluster } from '../support/use-cluster.ts';

const why = whyNoPrometheus();
if (why) console.error(`NOT RUN, latencies that lead to traces: ${why}`);

const NODES = 4;
const collector = await OtlpCollector.open();
const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '1000' };
const { cluster } = useCluster({ nodes: NODES, env });
let prometheus: Prometheus;
beforeAll(async () => {
  if (why) return;
  prometheus = await Prometheus.start();
  prometheus.follow(cluster);
});
afterAll(async () => {
  await prometheus?.stop();
  await collector.close();
});

/** Nobody is accused: the fourth phase is skipped. */
const WALKED = PHASES.filter((phase) => phase !== 'justification');
const spansOf = (session: string): readonly CollectedSpan[] =>
  collector.spans.filter(({ traceId }) => traceId === session.slice(0, 32));
const named = (session: string, name: string) => spansOf(session).filter((span) => span.name === name);

/** The session that the first test has traced. */
let session: string;

test('a session is one trace, with a span for each phase of each participant, and its messages carry it', async () => {
  const heard: { readonly session: string; readonly traceparent: string | undefined }[] = [];
  const bus = await cluster.bus();
  bus.subscribe(`witan.${cluster.network}.section.root.dkg.*`, ({ subject, headers }) => {
    heard.push({ session: subject.split('.').at(-1)!, traceparent: headers?.traceparent });
  });
  await bus.flush();
  await cluster.addNode();
  await cluster.settled();
  session = heard.at(-1)!.session;
  // One that was told of all of it has nothing to tell.
  const { source } = await cluster.coordinators[0]!.says({ event: 'dkg-done', session }, PATIENCE_MS);
  const wasTold = source === 'answer';
  await eventually(
    'all participants and the coordinator have told of the session, and some of them of all of it',
    () => {
      const told = ['dkg participant', 'dkg session', 'dkg coordinator'].map((name) => named(session, name).length);
      const wanted = [NODES + 1, tolerated(NODES + 1) + 1, wasTold ? told[2] : 1];
      if (told.join() !== wanted.join()) throw new Error(`so many have: ${told}`);
      return true;
    },
    { withinMs: 30_000 },
  );
  const [root, ...same] = named(session, 'dkg session');
  expect(root!.parentId).toBe('');
  expect(same).toEqual(same.map(() => root));
  for (const coordinator of named(session, 'dkg coordinator')) expect(coordinator.parentId).toBe(root!.spanId);
  for (const participant of named(session, 'dkg participant')) {
    expect(participant.parentId).toBe(root!.spanId);
    const own = spansOf(session).filter(({ parentId }) => parentId === participant.spanId);
    expect(own.map(({ name }) => name).sort()).toEqual(WALKED.map((phase) => `dkg ${phase}`).sort());
  }

  const inSession = heard.filter((message) => message.session === session);
  expect(inSession.length).toBeGreaterThanOrEqual(5 * (NODES + 1));
  for (const { traceparent } of inSession)
    expect(traceparent).toMatch(new RegExp(`^00-${session.slice(0, 32)}-[0-9a-f]{16}-01$`));
});

test.skipIf(why)('the latency of the session leads to its trace', async () => {
  const latency = 'witan_dkg_session_duration_seconds_bucket';
  const leadsThere = async () => (await prometheus.traces(latency)).includes(session.slice(0, 32));
  await eventually('an exemplar of the session', leadsThere, { withinMs: 30_000 });
});

test('what starts again adds nothing to the trace', async () => {
  const told = () => spansOf(session).map(({ name, spanId }) => `${name} ${spanId}`);
  const again = [...cluster.nodes.map(({ elder }) => elder), cluster.coordinators[0]!];
  // A process that stops sends all that it has, which a coordinator may have had for a moment only.
  await Promise.all(again.map((process) => process.stop()));
  const before = told();
  await Promise.all(again.map((process) => process.start().ready()));
  await cluster.settled();
  await Promise.all(again.map((process) => process.stop()));
  expect(told()).toEqual(before);
  await Promise.all(again.map((process) => process.start().ready()));
  await cluster.settled();
});

test('a session is a whole trace also when the first that would tell of it as a whole is killed', async () => {
  const bus = await cluster.bus();
  const tag = networkTag(cluster.network);
  let killed: { readonly session: string; readonly name: string } | undefined;
  bus.subscribe(`witan.${cluster.network}.section.root.dkg.*`, (message) => {
    const spoken = spokenInSession(message, tag);
    if (killed || spoken?.payload.type !== 'commitment') return;
    // In the order of their names, the first of those who are in the last close.
    const names = cluster.nodes.map(({ name }) => name).sort();
    if (spoken.author !== names[0]) return;
    killed = { session: spoken.session, name: spoken.author };
    void cluster.nodeOf(spoken.author).elder.kill();
  });
  await bus.flush();
  await cluster.addNode();
  await cluster.nodes.at(-1)!.elder.ready();
  const { session, name } = await eventually('it is killed in Commitment', () => killed, { withinMs: PATIENCE_MS });
  await eventually(
    'the others have told of the session',
    () => named(session, 'dkg participant').length === NODES + 1,
    {
      withinMs: PATIENCE_MS,
    },
  );
  const [root, ...same] = await eventually(
    'and of all of it',
    () => {
      const roots = named(session, 'dkg session');
      return roots.length > 0 ? roots : undefined;
    },
    { withinMs: PATIENCE_MS },
  );
  expect([root!.parentId, same]).toEqual(['', []]);
  for (const participant of named(session, 'dkg participant')) expect(participant.parentId).toBe(root!.spanId);
  await cluster.nodeOf(name).elder.start().ready();
  await cluster.settled();
});
