import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { trace } from '@opentelemetry/api';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  continueTrace,
  injectTrace,
  sessionTrace,
  startTracing,
  tracingWanted,
  tracingWarnings,
} from '../src/index.ts';
import { installTracing } from '../src/tracing/sdk.ts';

const SESSION = '0123456789abcdef0123456789abcdeffedcba9876543210fedcba9876543210';
const T0 = Date.UTC(2024, 0, 1); // Before this process started, as after a restart.

const msOf = ([seconds, nanos]: readonly [number, number]): number => seconds * 1000 + nanos / 1e6;

/** A span of another library, around `work`. */
function inSpan<T>(name: string, work: () => T): T {
  return trace.getTracer('test').startActiveSpan(name, (span) => {
    try {
      return work();
    } finally {
      span.end();
    }
  });
}
const traceId = (): string | undefined => trace.getActiveSpan()?.spanContext().traceId;

describe('with the SDK', () => {
  let exporter: InMemorySpanExporter;
  let stop: () => Promise<void>;
  beforeEach(() => {
    exporter = new InMemorySpanExporter();
    const processor = new SimpleSpanProcessor({ exporter });
    stop = installTracing({ service: 'elder', version: '1', processor });
  });
  afterEach(async () => {
    await stop();
    vi.unstubAllEnvs();
  });

  const spans = (): ReadableSpan[] => exporter.getFinishedSpans();
  const named = (name: string): ReadableSpan => spans().find((span) => span.name === name)!;

  test('all nodes of a session share one trace, whose root one of them tells', () => {
    const coordinator = sessionTrace({ session: SESSION, prefix: 'root', startedAtMs: T0 });
    const nodes = ['aa', 'bb'].map((node) =>
      sessionTrace({ session: SESSION, prefix: 'root', node, startedAtMs: T0 + 1 }),
    );
    for (const node of nodes) {
      node.phase({ phase: 'contribution', startedAtMs: T0 + 2.5, endedAtMs: T0 + 30, attributes: { received: 7 } });
      node.event('blame', T0 + 20, { reason: 'equivocation' });
      node.end('done', T0 + 40);
    }
    expect(nodes[0]!.traceId).toBe(SESSION.slice(0, 32));
    nodes[1]!.whole('done', T0 + 40);
    coordinator.end('done', T0 + 50);

    expect(new Set(spans().map((span) => span.spanContext().traceId))).toEqual(new Set([SESSION.slice(0, 32)]));
    const root = named('dkg session');
    expect(root.parentSpanContext).toBeUndefined();
    expect(root.spanContext().spanId).toBe(SESSION.slice(32, 48));
    expect([msOf(root.startTime), msOf(root.endTime)]).toEqual([T0 + 1, T0 + 40]);
    expect(root.attributes['witan.outcome']).toBe('done');
    expect(named('dkg coordinator').parentSpanContext?.spanId).toBe(root.spanContext().spanId);
    const participants = spans().filter((span) => span.name === 'dkg participant');
    expect(participants.map((span) => span.parentSpanContext?.spanId)).toEqual(
      Array(2).fill(root.spanContext().spanId),
    );
    expect(new Set(participants.map((span) => span.spanContext().spanId)).size).toBe(2);
    const phases = spans().filter((span) => span.name === 'dkg contribution');
    expect(phases.map((span) => span.parentSpanContext?.spanId)).toEqual(
      participants.map((span) => span.spanContext().spanId),
    );
    expect(phases[0]!.attributes).toEqual({
      'witan.session': SESSION,
      'witan.prefix': 'root',
      'witan.node': 'aa',
      'witan.phase': 'contribution',
      received: 7,
    });
    expect([msOf(phases[0]!.startTime), msOf(phases[0]!.endTime)]).toEqual([T0 + 2.5, T0 + 30]);
    expect(msOf(participants[0]!.events[0]!.time)).toBe(T0 + 20);
    expect(participants[0]!.attributes['witan.outcome']).toBe('done');
    expect(participants[0]!.resource.attributes['service.name']).toBe('witan-elder');
  });

  test('ordinary spans have ids of their own, also after a session', () => {
    sessionTrace({ session: SESSION, prefix: 'root', node: 'aa', startedAtMs: T0 }).whole('failed', T0 + 1);
    inSpan('a', () => {});
    inSpan('b', () => {});
    const ids = spans().map((span) => span.spanContext().traceId);
    expect(new Set(ids).size).toBe(3);
    expect(named('dkg session').status.code).toBe(2);
  });

  test('a request and its answer are one trace, across headers', () => {
    let inside: string | undefined;
    const headers = inSpan('ask', () => {
      inside = traceId();
      return injectTrace({ other: 'x' })!;
    });
    expect(headers.other).toBe('x');
    expect(headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    continueTrace(headers, () => inSpan('answer', () => inSpan('work', () => {})));
    expect(named('answer').parentSpanContext?.spanId).toBe(named('ask').spanContext().spanId);
    expect(named('work').parentSpanContext?.spanId).toBe(named('answer').spanContext().spanId);
    expect(new Set(spans().map((span) => span.spanContext().traceId))).toEqual(new Set([inside]));
  });

  test('what a session sends carries its trace, and whoever handles it goes on with it', () => {
    const session = sessionTrace({ session: SESSION, prefix: 'root', node: 'aa', startedAtMs: T0 });
    const headers = session.run(() => injectTrace(undefined));
    session.end('done', T0 + 1);
    expect(headers?.traceparent).toContain(SESSION.slice(0, 32));
    continueTrace(headers, () => inSpan('handle', () => {}));
    expect(named('handle').parentSpanContext?.spanId).toBe(named('dkg participant').spanContext().spanId);
    expect(continueTrace(undefined, traceId)).toBeUndefined();
  });

  test.each([{}, { traceparent: 'garbage' }, { traceparent: '00-0-0-01' }, { traceparent: 'x'.repeat(10_000) }])(
    'a bad header starts a trace of its own: %j',
    (headers: Record<string, string>) => {
      continueTrace(headers, () => inSpan('answer', () => {}));
      expect(named('answer').parentSpanContext).toBeUndefined();
    },
  );

  test('sessions are sampled whatever the ratio, unless all is off', async () => {
    const traced = async (sampler: string): Promise<string[]> => {
      await stop();
      vi.stubEnv('OTEL_TRACES_SAMPLER', sampler);
      vi.stubEnv('OTEL_TRACES_SAMPLER_ARG', '0');
      exporter = new InMemorySpanExporter();
      stop = installTracing({ service: 'elder', version: '1', processor: new SimpleSpanProcessor({ exporter }) });
      inSpan('request', () => {});
      sessionTrace({ session: SESSION, prefix: 'root', startedAtMs: T0 }).end('done', T0);
      return spans().map((span) => span.name);
    };
    expect(await traced('traceidratio')).toEqual(['dkg coordinator']);
    expect(await traced('parentbased_traceidratio')).toEqual(['dkg coordinator']);
    expect(await traced('always_off')).toEqual([]);
    expect(await traced('parentbased_always_on')).toEqual(['request', 'dkg coordinator']);
  });
});

describe('without the SDK', () => {
  test('everything works and nothing is recorded', () => {
    const session = sessionTrace({ session: SESSION, prefix: 'root', node: 'aa', startedAtMs: T0 });
    session.phase({ phase: 'finalisation', startedAtMs: T0, endedAtMs: T0 + 1 });
    session.end('done', T0 + 2);
    expect(inSpan('work', () => injectTrace(undefined))).toBeUndefined();
    expect(session.run(() => injectTrace({ a: 'b' }))).toEqual({ a: 'b' });
    expect(continueTrace({ traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` }, () => 42)).toBe(42);
  });
});

describe('what the environment asks for', () => {
  test.each([
    [{}, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, true],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4318/v1/traces' }, true],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, true],
    [{ OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, false],
    [{ OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, false],
  ])('%j: %s', (env, wanted) => {
    expect(tracingWanted(env)).toBe(wanted);
  });

  test('what is not supported is said', () => {
    expect(tracingWarnings({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })[0]).toContain('http/protobuf is used');
    expect(tracingWarnings({ OTEL_TRACES_EXPORTER: 'zipkin' })[0]).toContain('otlp is used');
    expect(tracingWarnings({ OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' })).toEqual([]);
  });

  test('nothing is started unasked', async () => {
    expect(await startTracing({ service: 'x', version: '1', env: {} })).toBeUndefined();
  });

  test('spans arrive at a collector when stopped', async () => {
    const received: { url: string | undefined; type: string | undefined; body: string }[] = [];
    const collector = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks).toString('latin1');
      received.push({ url: request.url, type: request.headers['content-type'], body });
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', endpoint);
    vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', 'deployment.environment=test');
    try {
      const stop = await startTracing({ service: 'elder', version: '1', env: process.env });
      sessionTrace({ session: SESSION, prefix: 'root', startedAtMs: Date.now() }).end('done', Date.now());
      await stop!();
    } finally {
      vi.unstubAllEnvs();
      collector.close();
    }
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({ url: '/v1/traces', type: 'application/x-protobuf' });
    for (const text of ['dkg coordinator', 'witan-elder', 'deployment.environment', SESSION]) {
      expect(received[0]!.body).toContain(text);
    }
  });
});
