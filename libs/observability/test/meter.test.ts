import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  counter,
  gauge,
  histogram,
  instruments,
  type Labels,
  noopMeter,
  PromMeter,
  RecordingMeter,
} from '../src/index.ts';

const SESSIONS = counter({ name: 'test_sessions_total', help: 'Sessions', labels: { outcome: ['done', 'failed'] } });
const EVENTS = counter({ name: 'test_events_total', help: 'Events' });
const WAITING = gauge({ name: 'test_waiting', help: 'Waiting' });
const LEVEL = gauge({ name: 'test_level', help: 'Level', labels: { tank: ['left', 'right'] } });
const DURATION = histogram({
  name: 'test_duration_seconds',
  help: 'Duration',
  labels: { phase: ['one', 'two'] },
  buckets: [0.1, 1],
});
const definitions = { sessions: SESSIONS, events: EVENTS, waiting: WAITING, level: LEVEL, duration: DURATION };

const lines = async (meter: PromMeter, name: string): Promise<string[]> =>
  (await meter.expose()).body.split('\n').filter((line) => line.startsWith(name));

describe('the compiler', () => {
  test('knows the values of every label, and whether there are labels', () => {
    const made = instruments(noopMeter, definitions);
    expectTypeOf<Labels<(typeof SESSIONS)['labels']>>().toEqualTypeOf<{ readonly outcome: 'done' | 'failed' }>();
    // @ts-expect-error not in the closed set
    made.sessions.inc({ outcome: 'exploded' });
    // @ts-expect-error labels are missing
    made.sessions.inc();
    // @ts-expect-error it has no labels
    made.events.inc({ outcome: 'done' });
    // @ts-expect-error a value is missing
    made.level.set({ tank: 'left' });
    expect(made.waiting.set(1)).toBeUndefined();
  });
});

describe('PromMeter', () => {
  test('counters and histograms start at 0 in every series', async () => {
    const meter = new PromMeter();
    instruments(meter, definitions);
    expect(await lines(meter, 'test_sessions_total')).toEqual([
      'test_sessions_total{outcome="done"} 0',
      'test_sessions_total{outcome="failed"} 0',
    ]);
    expect(await lines(meter, 'test_events_total')).toEqual(['test_events_total 0']);
    expect(await lines(meter, 'test_duration_seconds_count')).toEqual([
      'test_duration_seconds_count{phase="one"} 0',
      'test_duration_seconds_count{phase="two"} 0',
    ]);
  });

  test('a gauge says nothing before it is set', async () => {
    const meter = new PromMeter();
    const { waiting } = instruments(meter, definitions);
    expect(await lines(meter, 'test_waiting')).toEqual([]);
    waiting.set(0);
    expect(await lines(meter, 'test_waiting')).toEqual(['test_waiting 0']);
  });

  test('values add up', async () => {
    const meter = new PromMeter();
    const made = instruments(meter, definitions);
    made.sessions.inc({ outcome: 'done' });
    made.sessions.inc({ outcome: 'done' }, 2);
    made.events.inc();
    made.events.inc(4);
    made.duration.observe({ phase: 'one' }, 0.5);
    const { body, contentType } = await meter.expose();
    expect(contentType).toContain('text/plain');
    expect(body).toContain('test_sessions_total{outcome="done"} 3');
    expect(body).toContain('test_events_total 5');
    expect(body).toContain('test_duration_seconds_bucket{le="0.1",phase="one"} 0');
    expect(body).toContain('test_duration_seconds_bucket{le="1",phase="one"} 1');
  });

  test('who reads OpenMetrics gets the trace of a value; others get the form of before, also at the same time', async () => {
    const meter = new PromMeter();
    const made = instruments(meter, definitions);
    const traceId = 'ab'.repeat(16);
    made.events.inc(4);
    made.duration.observe({ phase: 'one' }, 0.5, { traceId });
    made.duration.observe({ phase: 'one' }, 0.6);
    made.duration.observe({ phase: 'two' }, 99, { traceId });
    const before = await meter.expose('text/plain;version=0.0.4');
    const accept = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5';
    const [open, plain] = await Promise.all([meter.expose(accept), meter.expose()]);
    expect(plain).toEqual(before);
    expect(plain.body).not.toContain(traceId);
    expect(open.contentType).toContain('application/openmetrics-text');
    expect(open.body).toContain('# TYPE test_events counter\ntest_events_total 4\n');
    const exemplar = (value: number) => ` # \\{trace_id="${traceId}"\\} ${value} \\d`;
    const bucket = (le: string, phase: string, count: number) =>
      `^test_duration_seconds_bucket\\{le="${le}",phase="${phase}"\\} ${count}`;
    expect(open.body).toMatch(new RegExp(`${bucket('1', 'one', 2)}${exemplar(0.5)}`, 'm'));
    expect(open.body).toMatch(new RegExp(`${bucket('\\+Inf', 'two', 1)}${exemplar(99)}`, 'm'));
    expect(open.body.endsWith('\n# EOF\n')).toBe(true);
  });

  test('a collected gauge is computed at each scrape, and what its source leaves out is gone', async () => {
    const meter = new PromMeter();
    const { level, waiting } = instruments(meter, definitions);
    let left: number | undefined = 1;
    level.collect((set) => {
      if (left !== undefined) set({ tank: 'left' }, left);
    });
    waiting.collect((set) => left !== undefined && set(left * 10));
    expect(await lines(meter, 'test_level')).toEqual(['test_level{tank="left"} 1']);
    left = 2;
    expect(await lines(meter, 'test_level')).toEqual(['test_level{tank="left"} 2']);
    expect(await lines(meter, 'test_waiting')).toEqual(['test_waiting 20']);
    left = undefined;
    expect(await lines(meter, 'test_level')).toEqual([]);
    expect(await lines(meter, 'test_waiting')).toEqual([]);
  });

  test('a counter can follow a total that is kept elsewhere', async () => {
    const meter = new PromMeter();
    const { events } = instruments(meter, definitions);
    let total = 3;
    events.collect((set) => set(total));
    expect(await lines(meter, 'test_events_total')).toEqual(['test_events_total 3']);
    total = 8;
    expect(await lines(meter, 'test_events_total')).toEqual(['test_events_total 8']);
  });

  test('a source that throws costs its own metric and no other', async () => {
    const failures: string[] = [];
    const meter = new PromMeter((metric) => failures.push(metric));
    const { level, events } = instruments(meter, definitions);
    level.collect((set) => {
      set({ tank: 'left' }, 1);
      throw new Error('no');
    });
    events.inc();
    expect(await lines(meter, 'test_level')).toEqual([]);
    expect(await lines(meter, 'test_events_total')).toEqual(['test_events_total 1']);
    expect(failures.length).toBeGreaterThan(0);
    expect(new Set(failures)).toEqual(new Set(['test_level']));
  });

  test('a value that got past the compiler makes no new series', async () => {
    const meter = new PromMeter();
    const { sessions } = instruments(meter, definitions);
    for (let index = 0; index < 50; index++) sessions.inc({ outcome: `evil-${index}` as 'done' });
    expect(await lines(meter, 'test_sessions_total')).toEqual([
      'test_sessions_total{outcome="done"} 0',
      'test_sessions_total{outcome="failed"} 0',
      'test_sessions_total{outcome="other"} 50',
    ]);
  });

  test('one definition is one instrument, two definitions of a name are an error', () => {
    const meter = new PromMeter();
    expect(meter.counter(EVENTS)).toBe(meter.counter(EVENTS));
    expect(() => meter.counter(counter({ name: EVENTS.name, help: 'Other' }))).toThrow('defined twice');
  });
});

describe('RecordingMeter', () => {
  test('keeps what it is given', () => {
    const meter = new RecordingMeter();
    const made = instruments(meter, definitions);
    made.sessions.inc({ outcome: 'done' });
    made.sessions.inc({ outcome: 'done' });
    made.waiting.set(3);
    made.duration.observe({ phase: 'two' }, 0.5);
    made.duration.observe({ phase: 'two' }, 0.25);
    expect(meter.value('test_sessions_total', { outcome: 'done' })).toBe(2);
    expect(meter.value('test_sessions_total', { outcome: 'failed' })).toBeUndefined();
    expect(meter.samples('test_waiting')).toEqual([{ labels: {}, value: 3 }]);
    expect(meter.observations('test_duration_seconds', { phase: 'two' })).toEqual([0.5, 0.25]);
    expect(meter.emitted()).toEqual(['test_sessions_total', 'test_waiting', 'test_duration_seconds']);
  });

  test('asks sources when it is read', () => {
    const meter = new RecordingMeter();
    let now = 1;
    instruments(meter, definitions).waiting.collect((set) => set(now));
    expect(meter.value('test_waiting')).toBe(1);
    now = 2;
    expect(meter.value('test_waiting')).toBe(2);
  });

  test('throws where production would go on', () => {
    const meter = new RecordingMeter();
    const made = instruments(meter, definitions);
    expect(() => made.sessions.inc({ outcome: 'evil' as 'done' })).toThrow('closed set');
    expect(() => made.events.inc(-1)).toThrow('cannot change by -1');
    expect(() => meter.counter(counter({ name: EVENTS.name, help: 'Other' }))).toThrow('defined twice');
    expect(() => meter.value('test_unknown')).toThrow('not registered');
  });
});
