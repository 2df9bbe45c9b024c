import { PHASES } from '@witan/dkg';
import { afterAll, expect, test } from 'vitest';
import { PATIENCE_MS } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { type CollectedSpan, OtlpCollector } from '../support/otlp-collector.ts';
import { useCluster } from '../support/use-cluster.ts';

const NODES = 4;
const collector = await OtlpCollector.open();
const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '200' };
const { cluster } = useCluster({ nodes: NODES, env });
afterAll(() => collector.close());

/** Nobody is accused: the fourth phase is skipped. */
const WALKED = PHASES.filter((phase) => phase !== 'justification');

test('a session is one trace, with a span for each phase of each participant, and its messages carry it; what starts again adds nothing', async () => {
  const heard: { readonly session: string; readonly traceparent: string | undefined }[] = [];
  const bus = await cluster.bus();
  bus.subscribe(`witan.${cluster.network}.section.root.dkg.*`, ({ subject, headers }) => {
    heard.push({ session: subject.split('.').at(-1)!, traceparent: headers?.traceparent });
  });
  await bus.flush();
  await cluster.addNode();
  await cluster.settled();
  const session = heard.at(-1)!.session;
  const trace = session.slice(0, 32);

  const spans = (): readonly CollectedSpan[] => collector.spans.filter(({ traceId }) => traceId === trace);
  const named = (name: string) => spans().filter((span) => span.name === name);
  // One that was told of all of it has nothing to tell.
  const { source } = await cluster.coordinators[0]!.says({ event: 'dkg-done', session }, PATIENCE_MS);
  const wasTold = source === 'answer';
  await eventually(
    'all participants and the coordinator have told of the session, and one of them of all of it',
    () => {
      const told = ['dkg participant', 'dkg session', 'dkg coordinator'].map((name) => named(name).length);
      const wanted = [NODES + 1, 1, wasTold ? told[2] : 1];
      if (told.join() !== wanted.join()) throw new Error(`so many have: ${told}`);
      return true;
    },
    { withinMs: 30_000 },
  );
  const [root] = named('dkg session');
  expect(root!.parentId).toBe('');
  for (const coordinator of named('dkg coordinator')) expect(coordinator.parentId).toBe(root!.spanId);
  for (const participant of named('dkg participant')) {
    expect(participant.parentId).toBe(root!.spanId);
    const own = spans().filter(({ parentId }) => parentId === participant.spanId);
    expect(own.map(({ name }) => name).sort()).toEqual(WALKED.map((phase) => `dkg ${phase}`).sort());
  }

  const inSession = heard.filter((message) => message.session === session);
  expect(inSession.length).toBeGreaterThanOrEqual(5 * (NODES + 1));
  for (const { traceparent } of inSession) expect(traceparent).toMatch(new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`));

  // A process that stops sends all that it has.
  const before = spans().map(({ spanId }) => spanId);
  const again = [...cluster.nodes.map(({ elder }) => elder), cluster.coordinators[0]!];
  await Promise.all(again.map((process) => process.stop()));
  await Promise.all(again.map((process) => process.start().ready()));
  await cluster.settled();
  await Promise.all(again.map((process) => process.stop()));
  expect(spans().map(({ spanId }) => spanId)).toEqual(before);
});
