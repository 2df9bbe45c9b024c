import { WitanError } from '@witan/errors';
import { afterEach, describe, expect, test } from 'vitest';
import {
  ALL_METRICS,
  type AnyDefinition,
  actorObserver,
  antiEntropyMetrics,
  attestationMetrics,
  buildInfo,
  type DkgView,
  decisionMetrics,
  dkgMetrics,
  httpObserver,
  PromMeter,
  processMetrics,
  RecordingMeter,
  rejectionMetrics,
  rejectionReason,
  type SectionView,
  watchBackups,
  watchBus,
  watchCertificates,
  watchDkg,
  watchJournal,
  watchSection,
} from '../src/index.ts';

const all: AnyDefinition[] = Object.values(ALL_METRICS).flat();

const idleBus = {
  status: 'connected',
  stats: {
    published: 0,
    publishedBytes: 0,
    received: 0,
    receivedBytes: 0,
    handlerErrors: 0,
    dropped: 0,
    slowConsumers: 0,
    disconnects: 0,
    forbiddenPublishes: 0,
    forbiddenSubscriptions: 0,
  },
};

describe('conventions', () => {
  test.each(all.map((definition) => [definition.name, definition] as const))('%s', (name, { kind, help, ...rest }) => {
    expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
    expect(help.length).toBeGreaterThan(10);
    expect(name.endsWith('_total')).toBe(kind === 'counter');
    expect(name).not.toMatch(/_(ms|millis|milliseconds|minutes|kb|mb)(_|$)/);
    if (kind === 'histogram') {
      expect(name).toMatch(/_(seconds|bytes)$/);
      const { buckets } = rest as { buckets: readonly number[] };
      expect([...buckets].sort((a, b) => a - b)).toEqual(buckets);
      expect(new Set(buckets).size).toBe(buckets.length);
    }
    for (const values of Object.values(rest.labels)) expect(new Set(values).size).toBe(values.length);
  });

  test('no name is defined twice', () => {
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  });

  test.each([
    ['witan_dkg_phase_duration_seconds', ['phase']],
    ['witan_dkg_sessions_total', ['outcome']],
    ['witan_dkg_phase', []],
    ['witan_dkg_waiting_on', []],
    ['witan_dkg_messages_total', ['phase', 'result']],
    ['witan_anti_entropy_requests_total', ['kind', 'reason', 'result']],
    ['witan_anti_entropy_recovered_total', ['kind']],
    ['witan_held_messages', []],
    ['witan_decision_views_total', ['use']],
    ['witan_node_is_elder', []],
    ['witan_elder_usable_share', []],
    ['witan_section_live_elders', []],
    ['witan_section_threshold', []],
    ['witan_section_quorum_margin', []],
  ])('%s has the labels %j', (name, labels) => {
    const definition = all.find((each) => each.name === name);
    expect(Object.keys(definition?.labels ?? { missing: [] })).toEqual(labels);
  });

  test('every concern registers with one Prometheus registry', async () => {
    const meter = new PromMeter();
    dkgMetrics(meter);
    antiEntropyMetrics(meter);
    decisionMetrics(meter);
    attestationMetrics(meter);
    rejectionMetrics(meter);
    watchBus(meter, idleBus);
    watchBackups(meter, 1000, () => undefined);
    watchCertificates(meter, () => ({}));
    actorObserver(meter, ['dkg']);
    httpObserver(meter, ['/v1/nodes']);
    watchSection(meter, () => undefined);
    watchJournal(meter, { stats: { commits: 0, records: 0, bytes: 0, pendingRecords: 0 } });
    processMetrics(meter)();
    buildInfo(meter, { service: 'elder', version: '1.2.3' });
    const { body } = await meter.expose();
    for (const { name } of all) expect(body).toContain(`# HELP ${name} `);
  });
});

describe('gauges of now', () => {
  test('the DKG: idle, running, stalled', () => {
    const meter = new RecordingMeter();
    let view: DkgView | undefined;
    const name = 'ab12cd34ef56'.padEnd(64, '7');
    watchDkg(meter, { deadlineMs: 2000, node: name }, () => view);
    const read = () =>
      ['witan_dkg_phase', 'witan_dkg_phase_age_seconds', 'witan_dkg_waiting_on'].map((name) => meter.value(name));
    expect(read()).toEqual([0, 0, 0]);
    expect(meter.value('witan_dkg_phase_deadline_seconds')).toBe(2);
    const waitedFor = () => ['1', '2', '3', '8'].map((place) => meter.value('witan_dkg_waiting_for', { place }));
    expect(waitedFor()).toEqual([undefined, undefined, undefined, undefined]);
    const id = meter.value('witan_node_id')!;
    expect(id.toString(16)).toBe('ab12cd34ef56');
    view = { phase: 'contribution', phaseAgeMs: 1500, waitingOn: [name, 'f'.repeat(64)] };
    expect(waitedFor()).toEqual([id, 2 ** 48 - 1, undefined, undefined]);
    expect(read()).toEqual([2, 1.5, 2]);
    view = { ...view, phaseAgeMs: 61_500 };
    expect(read()).toEqual([2, 61.5, 2]);
    view = { ...view, waitingOn: Array<string>(100).fill(name) };
    expect(read()[2]).toBe(100);
    expect(waitedFor()).toEqual([id, id, id, id]);
    view = undefined;
    expect(waitedFor()).toEqual([undefined, undefined, undefined, undefined]);
  });

  test('the section: nothing before it is known, then the margin', () => {
    const meter = new RecordingMeter();
    let view: SectionView | undefined;
    let own = { isElder: false, usableShare: false };
    watchSection(
      meter,
      () => view,
      () => own,
    );
    expect(meter.emitted()).toEqual(['witan_node_is_elder', 'witan_elder_usable_share']);
    view = { elders: 7, liveElders: 5, threshold: 5, generation: 3, members: 9, chainLength: 2 };
    own = { isElder: true, usableShare: true };
    expect(meter.value('witan_section_quorum_margin')).toBe(0);
    expect(meter.value('witan_node_is_elder')).toBe(1);
    expect(meter.value('witan_elder_usable_share')).toBe(1);
    view = { ...view, liveElders: 4 };
    expect(meter.value('witan_section_quorum_margin')).toBe(-1);
  });
});

describe('adapters', () => {
  test('actors count by kind, mailboxes as the sum of now', () => {
    const meter = new RecordingMeter();
    const observer = actorObserver(meter, ['dkg', 'section']);
    observer.mailboxDepth('dkg.aa', 3);
    observer.mailboxDepth('dkg.bb', 2);
    observer.mailboxDepth('dkg.aa', 1);
    observer.mailboxDepth('mystery', 7);
    const depth = (actor: string) => meter.value('witan_actor_mailbox_messages', { actor });
    expect([depth('dkg'), depth('section'), depth('other')]).toEqual([3, 0, 7]);
    observer.stepped('section', 4, 2);
    observer.persisted('section', { durationMs: 5 });
    expect(meter.value('witan_actor_events_total', { actor: 'section' })).toBe(4);
    expect(meter.observations('witan_actor_step_duration_seconds', { actor: 'section' })).toEqual([0.002]);
    expect(meter.observations('witan_actor_persist_duration_seconds', { actor: 'section' })).toEqual([0.005]);
    observer.crashed('dkg.aa', new Error('x'));
    observer.poisoned('dkg.aa', 'x');
    observer.overflowed('dkg.aa');
    observer.effectFailed('dkg.aa', 'broadcast', new Error('x'));
    for (const name of [
      'witan_actor_crashes_total',
      'witan_actor_poison_messages_total',
      'witan_actor_mailbox_overflows_total',
      'witan_actor_effect_failures_total',
    ]) {
      expect(meter.value(name, { actor: 'dkg' })).toBe(1);
    }
    observer.storeFailed('dkg.aa', new WitanError('WITAN_ERR_STORE_FULL', 'x'));
    observer.storeFailed('dkg.aa', new WitanError('WITAN_ERR_JOURNAL_CORRUPT', 'x'));
    observer.storeFailed('dkg.aa', new Error('x'));
    expect(meter.samples('witan_journal_errors_total').map(({ labels }) => labels.reason)).toEqual([
      'full',
      'corrupt',
      'failed',
    ]);
  });

  test('HTTP: what fails is counted from the first on, since it was there with 0', async () => {
    const meter = new PromMeter();
    const routes = Array.from({ length: 40 }, (_, index) => `/v1/${index}`);
    const http = httpObserver(meter, routes);
    const name = 'witan_http_requests_total';
    const before = (await meter.expose()).body;
    for (const route of [...routes, 'unmatched']) {
      expect(before).toContain(`${name}{route="${route}",result="failed"} 0\n`);
    }
    http.requestDone({ route: routes[0]!, method: 'GET', status: 499, seconds: 1 });
    http.requestDone({ route: routes[0]!, method: 'GET', status: 500, seconds: 1 });
    http.requestDone({ route: '/nope', method: 'GET', status: 599, seconds: 1 });
    const { body } = await meter.expose();
    expect(body).toContain(`${name}{route="${routes[0]}",result="answered"} 1\n`);
    expect(body).toContain(`${name}{route="${routes[0]}",result="failed"} 1\n`);
    expect(body).toContain(`${name}{route="unmatched",result="failed"} 1\n`);
  });

  test('HTTP: what a client makes up counts as other', () => {
    const meter = new RecordingMeter();
    const http = httpObserver(meter, ['/v1/nodes/:name']);
    http.requestDone({ route: '/v1/nodes/:name', method: 'GET', status: 200, seconds: 0.5 });
    http.requestDone({ route: '/etc/passwd', method: 'BREW', status: 418, seconds: 1 });
    const name = 'witan_http_request_duration_seconds';
    expect(meter.observations(name, { route: '/v1/nodes/:name', method: 'GET', status: '200' })).toEqual([0.5]);
    expect(meter.observations(name, { route: 'unmatched', method: 'other', status: 'other' })).toEqual([1]);
    http.streamOpened();
    http.streamOpened();
    http.streamOpened();
    http.streamClosed('client-left');
    http.streamClosed('too-slow');
    http.streamRefused();
    expect(meter.value('witan_http_event_streams')).toBe(1);
    http.streamClosed('shutdown');
    expect(meter.value('witan_http_event_streams')).toBe(0);
    for (const reason of ['client-left', 'too-slow', 'shutdown']) {
      expect(meter.value('witan_http_event_streams_closed_total', { reason })).toBe(1);
    }
    expect(meter.value('witan_http_event_streams_refused_total')).toBe(1);
  });

  test('the bus: its own counts, and whether it is connected now', () => {
    const meter = new RecordingMeter();
    const counted = { published: 4, receivedBytes: 99, disconnects: 1, handlerErrors: 5, dropped: 6, slowConsumers: 7 };
    const forbidden = { forbiddenPublishes: 8, forbiddenSubscriptions: 9 };
    let view = { ...idleBus, stats: { ...idleBus.stats, ...counted, ...forbidden } };
    watchBus(meter, {
      get status() {
        return view.status;
      },
      get stats() {
        return view.stats;
      },
    });
    expect(meter.value('witan_bus_connected')).toBe(1);
    view = { ...view, status: 'disconnected' };
    expect(meter.value('witan_bus_connected')).toBe(0);
    expect(meter.value('witan_bus_messages_total', { direction: 'out' })).toBe(4);
    expect(meter.value('witan_bus_bytes_total', { direction: 'in' })).toBe(99);
    expect(meter.value('witan_bus_disconnects_total')).toBe(1);
    expect(meter.value('witan_bus_handler_errors_total')).toBe(5);
    expect(meter.value('witan_bus_dropped_total')).toBe(6);
    expect(meter.value('witan_bus_slow_consumers_total')).toBe(7);
    expect(meter.value('witan_bus_forbidden_total', { operation: 'publish' })).toBe(8);
    expect(meter.value('witan_bus_forbidden_total', { operation: 'subscribe' })).toBe(9);
  });

  test('rejections: a code has its reason', () => {
    expect(rejectionReason('WITAN_ERR_MALFORMED')).toBe('malformed');
    expect(rejectionReason('WITAN_ERR_SIGNATURE')).toBe('signature');
    // As the section's own actor counts it: `untrusted-key` is another network.
    expect(rejectionReason('WITAN_ERR_CHAIN')).toBe('invalid');
    expect(rejectionReason('WITAN_ERR_STORE')).toBe('internal');
  });

  test('the journal counts are those of the journal', () => {
    const meter = new RecordingMeter();
    const journal = { stats: { commits: 1, records: 2, bytes: 300, pendingRecords: 4 } };
    watchJournal(meter, journal);
    journal.stats = { ...journal.stats, bytes: 500 };
    expect(meter.value('witan_journal_written_bytes_total')).toBe(500);
    expect(meter.value('witan_journal_pending_records')).toBe(4);
  });
});

describe('the process', () => {
  let stop: (() => void) | undefined;
  afterEach(() => stop?.());

  test('reports memory, CPU, descriptors, event loop and build', async () => {
    const meter = new RecordingMeter();
    stop = processMetrics(meter);
    buildInfo(meter, { service: 'elder', version: '1.2.3' });
    expect(meter.value('process_resident_memory_bytes')).toBeGreaterThan(10e6);
    expect(meter.value('process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(meter.value('process_start_time_seconds')).toBeLessThanOrEqual(Date.now() / 1000);
    expect(meter.value('process_start_time_seconds')).toBeGreaterThan(Date.now() / 1000 - 3600);
    expect(meter.value('witan_event_loop_active_seconds_total')).toBeGreaterThanOrEqual(0);
    expect(meter.samples('witan_build_info')).toEqual([
      { labels: { service: 'elder', version: '1.2.3', runtime: process.version }, value: 1 },
    ]);
    if (process.platform === 'linux') {
      expect(meter.value('process_open_fds')).toBeGreaterThan(2);
      expect(meter.value('process_max_fds')).toBeGreaterThan(2);
    }
  });

  test('sees a blocked event loop and a garbage collection', async () => {
    const meter = new RecordingMeter();
    stop = processMetrics(meter);
    const until = performance.now() + 500;
    let rubbish: number[][] = [];
    while (performance.now() < until) {
      rubbish.push(new Array<number>(1000).fill(0));
      if (rubbish.length > 1000) rubbish = [];
    }
    await expect
      .poll(() => Math.max(0, ...meter.observations('witan_event_loop_lag_seconds')), { timeout: 5000 })
      .toBeGreaterThan(0.15);
    await expect
      .poll(() => meter.observations('nodejs_gc_duration_seconds', { kind: 'minor' }).length, { timeout: 5000 })
      .toBeGreaterThan(0);
  });
});
