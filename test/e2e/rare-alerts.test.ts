import { join } from 'node:path';
import { subjects } from '@witan/bus';
import { forms as sectionForms } from '@witan/section';
import { encode, networkTag, peekEnvelope, sealEnvelope } from '@witan/wire';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Link } from '../breakable/link.ts';
import type { Published } from '../breakable/nats-frames.ts';
import { PATIENCE_MS } from '../support/cluster.ts';
import { canMount, SmallDisk } from '../support/disk.ts';
import { EventStream } from '../support/event-stream.ts';
import { eventually } from '../support/eventually.ts';
import { stranger } from '../support/forge.ts';
import { ofRelease } from '../support/other-version.ts';
import { ofFewFiles, ofSlowDisk, thatThrows } from '../support/planted.ts';
import { Prometheus, whyNoPrometheus } from '../support/prometheus.ts';
import type { ServiceProcess } from '../support/service-process.ts';
import { butAsking, dealsFalsely, muteInPhase, said, saysTwice } from '../support/session-messages.ts';
import { useCluster } from '../support/use-cluster.ts';
import { Watched } from '../support/watched.ts';
import { HASTENED, MOVED_BY_RARE, RARE, RATE_INTERVAL } from './alert-table.ts';

const why = whyNoPrometheus();
if (why) console.error(`NOT RUN, alerts of liars, defects and bad machines over a real Prometheus: ${why}`);
if (!canMount) console.error('NOT RUN, the alert of a full disk: this process may not mount a file system');

/** What waits for hours would take too long at the usual haste: here two hours take half a minute. */
const HURRIED = 240;
/** As many event streams as a gateway has at a time: of one client it takes half of them. */
const STREAMS = 256;
/** More than a mailbox takes. */
const FLOOD = 20_000;
const { cluster } = useCluster({
  nodes: 4,
  links: true,
  // Whoever comes is an elder, by a new session; one that cannot end is given up soon.
  settings: { elderCount: 9, phaseDeadlineMs: 1000, absentAfterMs: 600_000, retryAfterMs: 8000, settleMs: 300 },
  expectsTrouble: true,
});
const tag = networkTag(cluster.network);
const subject = subjects(cluster.network);
let prometheus: Prometheus;
let hurried: Prometheus;
let watched: Watched;
/** Services that are no part of the cluster. */
const others: ServiceProcess[] = [];
/** Holds the data of the fifth node. */
let disk: SmallDisk | undefined;

/** All that runs is scraped where it is now: only what was seen at 0 can have grown. */
async function follow(): Promise<void> {
  const processes = [...cluster.processes, ...others];
  for (const each of [prometheus, hurried]) each.follow({ network: cluster.network, processes });
  const running = processes.filter(({ isRunning, metricsUrl }) => isRunning && metricsUrl !== undefined);
  const isSeen = async () => {
    const up = (await prometheus.query('up == 1')).map(({ metric }) => metric.instance);
    return running.every(({ metricsUrl }) => up.includes(new URL(metricsUrl!).host));
  };
  await eventually('all are scraped', isSeen, { withinMs: PATIENCE_MS });
}
beforeAll(async () => {
  if (why) return;
  prometheus = await Prometheus.start({ scrapeSeconds: 1, hastened: HASTENED });
  hurried = await Prometheus.start({ scrapeSeconds: 1, hastened: HURRIED });
  watched = new Watched(cluster, prometheus, {});
  if (canMount) disk = new SmallDisk(join(cluster.directory, `node-${cluster.nodes.length}`), 16);
  await follow();
});
afterAll(async () => {
  for (const each of others) await each.kill();
  await Promise.all([prometheus?.stop(), hurried?.stop()]);
  await cluster.nodes[4]?.kill();
  disk?.unmount();
});

const attest = () => cluster.api.attest({ body: { payload: 'aGVsbG8' } }, { timeoutMs: 20_000 });

/** One more, or one more life of one, with these settings. */
async function other(...of: Parameters<typeof cluster.service>): Promise<ServiceProcess> {
  const service = cluster.service(...of).start();
  others.push(service);
  await service.ready(PATIENCE_MS);
  return service;
}
async function restart(service: ServiceProcess, env: Readonly<Record<string, string>>): Promise<void> {
  await service.stop();
  service.env = { ...service.env, ...env };
  await service.start().ready(PATIENCE_MS);
}
async function restartSound(...services: readonly ServiceProcess[]): Promise<void> {
  for (const service of services) await restart(service, { NODE_OPTIONS: '' });
  await cluster.settled();
  await follow();
}
const urlOf = (gateway: ServiceProcess) => gateway.said({ event: 'ready' })[0]!.url as string;
const isAnswer = (message: Published) => message.subject.startsWith('_INBOX.');

describe.skipIf(why)('over a real Prometheus', () => {
  test('gateways that are full or know nothing, elders that are slow or throw, and one of another release', async () => {
    const free = { WITAN_HTTP_PORT: '0' };
    const behindProxy = { ...free, WITAN_TRUST_PROXY: '1' };
    const crowded = await other('gateway', 'crowded', { ...behindProxy, ...ofFewFiles(STREAMS + 64) });
    const misled = await other('gateway', 'misled', { ...free, WITAN_GENESIS_KEY: 'a0'.repeat(48) });
    const { elder, adult } = cluster.nodes[3]!;
    await restart(elder, thatThrows());
    await restart(adult, ofRelease('adult', '9.9.9'));
    await follow();
    const streams = await Promise.all(
      Array.from({ length: STREAMS }, (_, i) => EventStream.open(urlOf(crowded), undefined, `192.0.2.${i % 2}`)),
    );
    const late = (message: Published) => (isAnswer(message) ? { lateMs: 1400 } : message);
    for (const { link } of cluster.nodes.slice(0, 2)) link.govern(late);
    const asked = async () => {
      const refused = await fetch(`${urlOf(crowded)}/v1/events`, { signal: AbortSignal.timeout(5000) });
      const failed = await fetch(`${urlOf(misled)}/v1/network`);
      expect([refused.status, failed.status]).toEqual([429, 503]);
      await Promise.all([refused.text(), failed.text(), attest().catch(() => {})]);
    };
    const alerts = ['WitanEventStreamsRefused', 'WitanFileDescriptorsLow', 'WitanHttpErrorBudgetBurn'];
    const ofServices = ['WitanAttestationLatencyBudgetBurn', 'WitanActorCrashed', 'WitanSectionUnknown'];
    await Promise.all([
      watched.fires([...alerts, ...ofServices], asked),
      new Watched(cluster, hurried, {}).fires(['WitanVersionsDiffer']),
    ]);
    for (const stream of streams) stream.leave();
    for (const { link } of cluster.nodes.slice(0, 2)) link.heal();
    await restartSound(elder, adult);
  });

  test('sessions that cannot end, and a lie that was held by one who was late', async () => {
    const [first, second] = cluster.nodes;
    const link = await Link.open(() => Number(new URL(cluster.natsUrl).port));
    const deceived = await other('dkg-coordinator', 'deceived', { WITAN_NATS_URL: link.url });
    await follow();
    // It hears of sessions and nothing that is said in them, but for the lie.
    let lie: { readonly session: string; readonly raw: Uint8Array } | undefined;
    const isLie = ({ payload }: Published) => lie !== undefined && Buffer.compare(lie.raw, payload) === 0;
    link.muffle((message) => !isAnswer(message) && (isLie(message) || !message.subject.includes('.dkg.')));
    for (const node of [first!, second!]) node.link.govern(muteInPhase('complaining', tag, node.identity()));
    await cluster.addNode();
    const bus = await cluster.bus();
    const deceive = async () => {
      const running = await cluster.lastSession();
      const [coordinator] = cluster.coordinators;
      const all = [coordinator!, ...cluster.nodes.map(({ elder }) => elder)];
      const isThere = (each: ServiceProcess) =>
        each.said({ event: 'dkg-phase', phase: 'complaining', session: running?.id }).length > 0;
      if (!running || !all.every(isThere)) return;
      if (lie?.session !== running.id) {
        // For all others it is late.
        const follows = { type: 'close', hash: new Uint8Array(32) } as const;
        const payload = { type: 'contribution', commitment: [], shares: [] } as const;
        lie = { session: running.id, raw: said(first!.identity(), tag, { session: running.id, follows, payload }) };
        bus.publish(subject.dkg('', running.id), lie.raw);
      } else if ((await deceived.metrics()).value('witan_held_messages')! > 0) link.heal();
    };
    try {
      await watched.fires(['WitanHeldMessagesFailed', 'WitanDkgSessionsFail'], deceive);
    } finally {
      await deceived.kill();
      await link.close();
    }
    for (const node of [first!, second!]) node.link.heal();
    await cluster.settled();
  });

  test('an elder that deals falsely and votes for two things at once', async () => {
    const liar = cluster.nodes[0]!;
    const identity = liar.identity();
    const deals = butAsking(dealsFalsely('justification', tag, identity));
    const votes = saysTwice(await cluster.bus(), tag, identity);
    liar.link.govern((message) => {
      votes(message);
      return deals(message);
    });
    await cluster.addNode();
    await follow();
    await watched.fires(['WitanNodeBlamed', 'WitanEquivocation']);
    await cluster.nodes[1]!.elder.says({ event: 'blame', reason: 'not-justified' }, PATIENCE_MS);
    liar.link.heal();
    await cluster.settled();
  });

  test.skipIf(!canMount)('a disk that is full', async () => {
    disk!.fill();
    await cluster.addNode();
    await watched.fires(['WitanJournalErrors']);
    disk!.clear();
    await cluster.settled();
  });

  test('an elder that stands still while more is said than its mailbox takes', async () => {
    const bus = await cluster.bus();
    const { elder } = cluster.nodes[2]!;
    const vote = { view: 0, step: 'prevote', value: undefined, fast: false, extra: new Uint8Array(0) } as const;
    // On what was decided long ago: nobody looks further.
    const body = { prefix: '', generation: 0, vote: { ...vote, instance: new Uint8Array(32) } };
    const { raw } = sealEnvelope(stranger(), tag, 'sectionVote', encode(sectionForms.voteBody, body));
    const flood = async () => {
      elder.pause();
      for (let i = 0; i < FLOOD; i++) bus.publish(subject.decisions(''), raw);
      await bus.flush();
      elder.resume();
      return (await elder.metrics()).value('witan_actor_mailbox_overflows_total')! > 0;
    };
    await eventually('its mailbox is full', flood, { withinMs: PATIENCE_MS });
    await watched.fires(['WitanMailboxOverflow']);
    await cluster.settled();
  });

  test('leaders that nobody hears, and an elder whose disk is slow', async () => {
    const { elder } = cluster.nodes[2]!;
    await restart(elder, ofSlowDisk(400));
    const newcomer = await cluster.addNode();
    newcomer.link.govern((message) => (message.subject.endsWith('.heartbeats') ? 'lost' : message));
    await newcomer.elder.ready(PATIENCE_MS);
    await cluster.members(cluster.nodes.length);
    await follow();
    const isProposal = ({ subject: to, payload }: Published) =>
      to.endsWith('.decisions') && peekEnvelope(payload, tag).kind === 'sectionProposal';
    // Asked, they would tell of their proposals too.
    const unheard = (message: Published) => (isAnswer(message) || isProposal(message) ? 'lost' : message);
    const elders = await cluster.elders();
    for (const { link } of elders) link.govern(unheard);
    // Now they hear of it, and want it to be an elder.
    newcomer.link.heal();
    await watched.fires(['WitanDecisionsSlow', 'WitanJournalSlow', 'WitanEventLoopBlocked']);
    for (const { link } of elders) link.heal();
    await restartSound(elder);
  });

  test('all of these alerts have fired', async () => {
    const fired = [...(await watched.fired()), ...(await new Watched(cluster, hurried, {}).fired())];
    const wanted = RARE.filter((alert) => canMount || alert !== 'WitanJournalErrors');
    expect(wanted.filter((alert) => !fired.includes(alert))).toEqual([]);
  });

  test('every panel has moved that shows what they are about', async () => {
    const still = await watched.still(RATE_INTERVAL);
    const wanted = MOVED_BY_RARE.filter((panel) => canMount || panel !== 'runtime: Errors');
    expect(still.filter((curve) => wanted.some((panel) => curve.startsWith(panel)))).toEqual([]);
  });
});
