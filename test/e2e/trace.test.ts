import { PHASES } from '@witan/dkg';
import { afterAll, expect, test } from 'vitest';
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

test('a session is one trace, with a span for each phase of each participant, and its messages carry it', async () => {
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
  await eventually(
    'all participants and the coordinator have told of the session',
    () => named('dkg participant').length === NODES + 1 && named('dkg session').length === 1,
    { withinMs: 30_000 },
  );
  const [root] = named('dkg session');
  expect(root!.parentId).toBe('');
  for (const participant of named('dkg participant')) {
    expect(participant.parentId).toBe(root!.spanId);
    const own = spans().filter(({ parentId }) => parentId === participant.spanId);
    expect(own.map(({ name }) => name).sort()).toEqual(WALKED.map((phase) => `dkg ${phase}`).sort());
  }

  const inSession = heard.filter((message) => message.session === session);
  expect(inSession.length).toBeGreaterThanOrEqual(5 * (NODES + 1));
  for (const { traceparent } of inSession) expect(traceparent).toMatch(new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`));
});
