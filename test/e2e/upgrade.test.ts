import { WIRE_VERSION } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { PATIENCE_MS } from '../support/cluster.ts';
import type { ClusterNode } from '../support/cluster-node.ts';
import { eventually } from '../support/eventually.ts';
import { ofNextWireVersion, ofRelease } from '../support/other-version.ts';
import { expectRefusal } from '../support/refusal.ts';
import { useCluster } from '../support/use-cluster.ts';

const RELEASE = '0.2.1';
/** Three of four sign. */
const { cluster } = useCluster({ nodes: 4, expectsTrouble: true, settings: { settleMs: 300, phaseDeadlineMs: 1000 } });

const attest = () => cluster.api.attest({ body: { payload: 'aGVsbG8' } }, { timeoutMs: 20_000 });

async function startAgain({ elder }: ClusterNode, env: Readonly<Record<string, string>>): Promise<void> {
  await elder.stop();
  elder.env = { ...elder.env, NODE_OPTIONS: '', ...env };
  await elder.start().ready(PATIENCE_MS);
}

async function releasesOf(service: string): Promise<string[]> {
  const bus = await cluster.bus();
  const heard: { id: string; version: string }[] = [];
  const inbox = '_INBOX.upgrade';
  bus.subscribe(inbox, ({ payload }) => void heard.push(JSON.parse(Buffer.from(payload).toString())));
  const raw = await cluster.rawNats();
  await bus.flush();
  raw.publish(`$SRV.PING.${service}`, new Uint8Array(0), inbox);
  const all = cluster.nodes.length;
  await eventually(`${all} answer`, () => heard.length >= all, { withinMs: PATIENCE_MS });
  return heard.map(({ version }) => version).sort();
}

test('elders of two releases with one wire format are one section, pod by pod', async () => {
  const [first, second, ...others] = cluster.nodes;
  const before = await cluster.section();
  await startAgain(first!, ofRelease('elder', RELEASE));
  await first!.usableShareMs(before.generation, PATIENCE_MS);
  expect(await releasesOf('witan-elder')).toEqual([...others.map(() => '0.1.0'), '0.1.0', RELEASE]);
  // Nothing can be signed now without a share of each release.
  second!.elder.pause();
  try {
    await attest();
  } finally {
    second!.elder.resume();
  }
  await cluster.addNode();
  expect((await cluster.settled()).elders).toHaveLength(5);
});

describe('an elder of the next wire version', () => {
  const newer = () => cluster.nodes[0]!;
  const older = () => cluster.nodes.slice(1);

  test('is not understood by the others, who count that, name it once, and go on without it', async () => {
    const before = await cluster.section();
    await startAgain(newer(), ofNextWireVersion());
    for (const { elder, adult } of older()) {
      for (const service of [elder, adult]) {
        const line = await service.says({ event: 'newer-version' }, PATIENCE_MS);
        expect(line).toMatchObject({ level: 'warn', detail: expect.stringMatching(/speaks wire version 2/) });
        const counted = async () => {
          const all = (await service.metrics()).find('witan_messages_rejected_total');
          return all.some(({ labels, value }) => labels.reason === 'unsupported' && value >= 3);
        };
        await eventually(`${service.name} counts`, counted, { withinMs: PATIENCE_MS });
      }
    }
    await attest();
    await cluster.addNode();
    const after = await eventually(
      'the section has another key',
      async () => {
        const section = await cluster.section();
        return section.members.length === cluster.nodes.length && section.key !== before.key && section;
      },
      { withinMs: PATIENCE_MS },
    );
    await eventually('it signs with that', attest, { withinMs: PATIENCE_MS });
    const session = (await cluster.lastSession())!;
    expect(session).toMatchObject({ state: 'done', resultKey: after.key, blame: [] });
    for (const { elder, adult } of older()) {
      for (const service of [elder, adult]) expect(service.said({ event: 'newer-version' }).length).toBeLessThan(2);
    }
  });

  test('understands them: it follows what they decide', async () => {
    const { generation } = await cluster.section();
    const follows = async () => ((await newer().elder.metrics()).value('witan_section_generation') ?? 0) >= generation;
    await eventually('the newer one is at the generation of the others', follows, { withinMs: PATIENCE_MS });
    expect(newer().elder.said({ event: 'newer-version' })).toEqual([]);
  });

  test('cannot become an old one again on the same data: it says why, and harms nothing', async () => {
    const { elder } = newer();
    await elder.stop();
    elder.env.NODE_OPTIONS = '';
    await expectRefusal(elder.start(), 'WITAN_ERR_UNSUPPORTED', `wire version ${WIRE_VERSION + 1}`);
    elder.env = { ...elder.env, ...ofNextWireVersion() };
    await elder.start().ready(PATIENCE_MS);
    await attest();
  });
});
