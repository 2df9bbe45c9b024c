import { networkTag } from '@witan/wire';
import { afterAll, expect, test } from 'vitest';
import { PATIENCE_MS } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { findSecret, sessionSecretsOf } from '../support/node-secrets.ts';
import { OtlpCollector } from '../support/otlp-collector.ts';
import { butAsking, silentInPhase } from '../support/session-messages.ts';
import { useCluster } from '../support/use-cluster.ts';

const collector = await OtlpCollector.open();
afterAll(() => collector.close());

const { cluster } = useCluster({
  nodes: 3,
  links: true,
  settings: { settleMs: 300 },
  env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '50', WITAN_LOG_LEVEL: 'debug' },
});

test('nothing from which the shares of a session could be computed is in logs, traces, metrics, or said on the bus', async () => {
  const tag = networkTag(cluster.network);
  const bus = await cluster.bus();
  const heard: Uint8Array[] = [];
  for (const all of [`witan.${cluster.network}.>`, '_INBOX.>']) {
    bus.subscribe(all, ({ payload }) => void heard.push(payload));
  }
  // Two of four are silent, and the session waits for them: what it is made with is on the disk of the others until it ends.
  const [first, second, node] = cluster.nodes;
  for (const each of [first!, second!]) {
    each.link.govern(butAsking(silentInPhase('commitment', tag, each.identity())));
  }
  const inCommitment = () => node!.elder.said({ event: 'dkg-phase', phase: 'commitment' });
  const before = inCommitment().length;
  await cluster.addNode();
  const isIn = () => inCommitment()[before]?.session as string | undefined;
  const session = await eventually('a session waits in Commitment', isIn, { withinMs: PATIENCE_MS });
  await Promise.all([node!.elder.stop(), node!.adult.stop()]);
  const secrets = Object.entries(sessionSecretsOf(node!, cluster.network, session));
  node!.elder.start();
  node!.adult.start();
  for (const each of [first!, second!]) each.link.heal();
  await cluster.settled();
  const metrics = await Promise.all(cluster.processes.map(async (each) => (await each.metrics()).text));
  await Promise.all(cluster.processes.map((each) => each.stop()));
  const haystacks = {
    logs: Buffer.from(
      cluster.processes
        .flatMap(({ lines, stderr }) => [...lines.map((line) => JSON.stringify(line)), stderr])
        .join('\n'),
    ),
    traces: Buffer.concat(collector.requests),
    metrics: Buffer.from(metrics.join('\n')),
    bus: Buffer.concat(heard),
  };
  // The seed, the key that shares are sealed to, and a polynomial and its blinding, of three coefficients each.
  expect(secrets.map(([what]) => what)).toHaveLength(8);
  const found = secrets.flatMap(([what, secret]) => findSecret(secret, haystacks).map((where) => `${what}: ${where}`));
  expect(found).toEqual([]);
  // The search finds what is there.
  for (const [where, haystack] of Object.entries(haystacks)) expect(haystack.length, where).toBeGreaterThan(100);
  expect(findSecret(Buffer.from(session, 'hex'), haystacks).map((each) => each.split(',')[0])).toEqual(
    expect.arrayContaining(['logs', 'traces', 'bus']),
  );
  for (const each of cluster.processes) each.start();
  await cluster.settled();
});
