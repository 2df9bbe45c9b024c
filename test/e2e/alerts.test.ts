import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { subjects } from '@witan/bus';
import { sha256 } from '@witan/crypto';
import { signRequestCodec } from '@witan/elder';
import { encode, networkTag } from '@witan/wire';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ALERT_NAMES } from '../rules/prometheus-rules.ts';
import { Authority } from '../support/certificates.ts';
import { sectionQuestion } from '../support/channels.ts';
import { PATIENCE_MS } from '../support/cluster.ts';
import { EventStream } from '../support/event-stream.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { Prometheus, whyNoPrometheus } from '../support/prometheus.ts';
import type { ServiceProcess } from '../support/service-process.ts';
import { silentInPhase, spokenInSession } from '../support/session-messages.ts';
import { useCluster } from '../support/use-cluster.ts';
import { Watched } from '../support/watched.ts';
import { HASTENED, OF_THE_MACHINE, OFTEN_STILL, RARE, RATE_INTERVAL, STILL } from './alert-table.ts';

const why = whyNoPrometheus();
if (why) console.error(`NOT RUN, alerts that fire over a real Prometheus: ${why}`);

const DAY_MS = 86_400_000;

const { cluster } = useCluster({
  nodes: 4,
  links: true,
  // Whoever comes is an elder, by a new session.
  settings: { elderCount: 9, phaseDeadlineMs: 1000, absentAfterMs: 600_000, retryAfterMs: 600_000, settleMs: 300 },
  expectsTrouble: true,
});
const tag = networkTag(cluster.network);
const subject = subjects(cluster.network);
const backups = join(cluster.directory, 'backups');

let prometheus: Prometheus;
let watched: Watched;
/** Has a certificate that ends soon. */
let secured: ServiceProcess;
/** Shows NATS the key of another service. */
let misplaced: ServiceProcess | undefined;
/** All of them are scraped where they are now. */
function follow(): void {
  const others = misplaced ? [secured, misplaced] : [secured];
  prometheus.follow({ network: cluster.network, processes: [...cluster.processes, ...others] });
}
beforeAll(async () => {
  if (why) return;
  prometheus = await Prometheus.start({ scrapeSeconds: 1, hastened: HASTENED });
  watched = new Watched(cluster, prometheus, {});
  const { certFile, keyFile } = new Authority(cluster.directory, 'api-ca').issue('api', { toMs: 2 * DAY_MS });
  const certified = { WITAN_HTTP_PORT: '0', WITAN_HTTP_TLS_CERT_FILE: certFile, WITAN_HTTP_TLS_KEY_FILE: keyFile };
  secured = cluster.service('gateway', 'gateway-1', certified);
  await secured.start().ready(PATIENCE_MS);
  follow();
});
afterAll(async () => {
  await secured?.kill();
  await misplaced?.kill();
  await prometheus?.stop();
});

const attest = () => cluster.api.attest({ body: { payload: 'aGVsbG8' } }, { timeoutMs: 20_000 });
/** Somebody follows events, and does not leave at once: panels look every few seconds. */
async function followEvents(): Promise<EventStream> {
  const stream = await EventStream.open(cluster.url);
  const isSeen = async () => (await prometheus.query('sum(witan_http_event_streams)'))[0]?.value === 1;
  await eventually('the stream is seen', isSeen, { withinMs: PATIENCE_MS, everyMs: 50 });
  return stream;
}
const restartBoth = (index: number) => {
  cluster.nodes[index]!.elder.start();
  cluster.nodes[index]!.adult.start();
};

const fires: Watched['fires'] = (alerts, meanwhile) => watched.fires(alerts, meanwhile);
const ends: Watched['ends'] = (...alerts) => watched.ends(...alerts);

describe.skipIf(why)('over a real Prometheus', () => {
  test('a section that does its work raises no alert', async () => {
    for (let i = 0; i < 10; i++) await attest();
    const firing = await watched.firing();
    const expected = [...OF_THE_MACHINE, 'WitanCertificateExpires'];
    expect(firing.filter((alert) => !expected.includes(alert))).toEqual([]);
  });

  test('an elder that is lost makes the margin thin, and a second one ends it', async () => {
    await cluster.nodes[3]!.kill();
    await fires(['WitanQuorumMarginThin', 'WitanTargetDown']);
    await attest();
    await cluster.nodes[2]!.kill();
    await fires(['WitanQuorumLost', 'WitanAttestationErrorBudgetBurn'], () => attest().catch(() => {}));
    for (const index of [2, 3]) restartBoth(index);
    await cluster.settled();
    follow();
    await ends('WitanQuorumLost', 'WitanQuorumMarginThin', 'WitanTargetDown');
  });

  test('a session that waits while messages wait in an elder; and that elder without a share', async () => {
    const [first, second, late] = cluster.nodes;
    for (const node of [first!, second!]) node.link.govern(silentInPhase('commitment', tag, node.identity()));
    // It hears nothing of a phase, nor any answer, and so can do nothing with what comes after that phase.
    late!.link.muffle((message) => {
      const isAnswer = message.subject.startsWith('_INBOX.');
      return !isAnswer && spokenInSession(message, tag)?.payload.type !== 'complaining';
    });
    const { elder } = await cluster.addNode();
    await elder.ready(PATIENCE_MS);
    follow();
    await fires(['WitanDkgPhaseStalled', 'WitanHeldMessagesGrowing']);
    for (const node of [first!, second!]) node.link.heal();
    await fires(['WitanShareMissing']);
    late!.link.heal();
    await cluster.settled();
    await ends('WitanDkgPhaseStalled', 'WitanHeldMessagesGrowing', 'WitanShareMissing');
  });

  test('one that asks without end, noise, and a clock that is off', async () => {
    const bus = await cluster.bus();
    const { name } = cluster.nodes[0]!;
    const question = sectionQuestion({ tag });
    const claim = { payloadHash: sha256(Buffer.from('payload')), context: 'e2e', signedAt: Date.now() - 120_000 };
    await fires(['WitanAntiEntropyStorm', 'WitanMessagesRejected', 'WitanClockSkew'], async () => {
      for (let i = 0; i < 20; i++) bus.publish(subject.events(''), randomBytes(100));
      const asked = Array.from({ length: 20 }, () =>
        bus.request(subject.node(name, 'elder', 'ae.section'), question, { timeoutMs: 10_000 }),
      );
      const signed = bus.request(subject.node(name, 'elder', 'sign'), encode(signRequestCodec, claim), {
        timeoutMs: 10_000,
      });
      await Promise.all([...asked, signed]);
    });
  });

  test('an elder that hears nothing while the section goes on, with one that is set otherwise', async () => {
    const [, , deaf] = cluster.nodes;
    deaf!.link.muffle(() => false);
    const other = await cluster.addNode();
    await other.elder.ready(PATIENCE_MS);
    const settings = other.elder.env;
    const start = async (phaseDeadlineMs: string) => {
      await other.elder.stop();
      settings.WITAN_PHASE_DEADLINE_MS = phaseDeadlineMs;
      await other.elder.start().ready(PATIENCE_MS);
      follow();
    };
    const usual = settings.WITAN_PHASE_DEADLINE_MS!;
    await start('2000');
    await fires(['WitanNodeBehind', 'WitanSettingsDiffer']);
    deaf!.link.heal();
    await start(usual);
    await cluster.settled();
    await ends('WitanNodeBehind', 'WitanSettingsDiffer');
  });

  test('backups that fail, and a certificate that ends soon', async () => {
    const { elder } = cluster.nodes[0]!;
    await elder.stop();
    Object.assign(elder.env, { WITAN_BACKUP_DIR: backups, WITAN_BACKUP_EVERY_MS: '1000' });
    await elder.start().ready(PATIENCE_MS);
    await elder.says({ event: 'backup' }, PATIENCE_MS);
    follow();
    await ends('WitanBackupOld');
    renameSync(backups, `${backups}.kept`);
    writeFileSync(backups, 'no directory');
    await fires(['WitanBackupOld', 'WitanCertificateExpires']);
    rmSync(backups);
    renameSync(`${backups}.kept`, backups);
    await secured.stop();
    follow();
    await ends('WitanBackupOld');
  });

  test('a service that starts again and again', async () => {
    const { adult } = cluster.nodes[3]!;
    const port = await freePort();
    adult.env.WITAN_METRICS_PORT = String(port);
    const starts = async () =>
      (await prometheus.query(`process_start_time_seconds{instance="127.0.0.1:${port}"}`))[0]?.value ?? 0;
    await fires(['WitanRestartLoop'], async () => {
      const before = await starts();
      await adult.kill();
      await adult.start().ready(PATIENCE_MS);
      follow();
      await eventually('it is seen again', async () => (await starts()) > before, {
        withinMs: PATIENCE_MS,
        everyMs: 50,
      });
    });
  });

  test('NATS that is gone', async () => {
    const stream = await followEvents();
    await cluster.killNats();
    await fires(['WitanBusDown', 'WitanBusDropping'], () => attest().catch(() => {}));
    stream.leave();
    await cluster.startNats();
    await cluster.settled();
    await ends('WitanBusDown', 'WitanBusDropping');
  });

  test('a service with the user of another, and an elder that is cut off from NATS', async () => {
    misplaced = cluster.service('dkg-coordinator', 'misplaced', {
      WITAN_NATS_NKEY_FILE: cluster.users.seedFile('gateway-1'),
    });
    misplaced.start();
    await eventually('it can be scraped', () => misplaced!.metricsUrl, { withinMs: PATIENCE_MS });
    follow();
    await cluster.nodes[1]!.link.close();
    await fires(['WitanBusForbidden', 'WitanBusDisconnected']);
  });

  test('nothing that is scraped', async () => {
    prometheus.follow({ network: cluster.network, processes: [] });
    await fires(['WitanNoMetrics', 'WitanServiceGone']);
    follow();
    await ends('WitanNoMetrics', 'WitanServiceGone');
  });

  test('all alerts have fired but those that take a liar, a defect or a bad machine', async () => {
    const fired = await watched.fired();
    const wanted = ALERT_NAMES.filter((alert) => !RARE.includes(alert));
    expect(wanted.filter((alert) => !fired.includes(alert))).toEqual([]);
  });

  test('every panel has moved but those that take the same', async () => {
    const still = await watched.still(RATE_INTERVAL);
    const excused = [...STILL, ...OFTEN_STILL];
    expect(still.filter((curve) => !excused.some((panel) => curve.startsWith(panel)))).toEqual([]);
  });
});
