import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { getNumberFromEnv, getStringFromEnv, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  defaultResource,
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ConsoleSpanExporter,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { idGenerator } from './session-ids.ts';
import { SESSION_ATTRIBUTE } from './session-trace.ts';

/** The part of the environment that OpenTelemetry specifies and that its packages of this version leave to the caller. */
function samplerFromEnvironment(): Sampler {
  const ratio = getNumberFromEnv('OTEL_TRACES_SAMPLER_ARG') ?? 1;
  switch (getStringFromEnv('OTEL_TRACES_SAMPLER')) {
    case 'always_off':
      return new AlwaysOffSampler();
    case 'always_on':
      return new AlwaysOnSampler();
    case 'traceidratio':
      return alwaysSessions(new TraceIdRatioBasedSampler(ratio));
    case 'parentbased_always_off':
      return new ParentBasedSampler({ root: new AlwaysOffSampler() });
    case 'parentbased_traceidratio':
      return alwaysSessions(new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }));
    default:
      return new ParentBasedSampler({ root: new AlwaysOnSampler() });
  }
}

/** A part of the requests may be enough; a session is sampled by all of its nodes or is no use. */
function alwaysSessions(sampler: Sampler): Sampler {
  return {
    shouldSample: (...args) => {
      const attributes = args[4];
      return SESSION_ATTRIBUTE in attributes
        ? { decision: SamplingDecision.RECORD_AND_SAMPLED }
        : sampler.shouldSample(...args);
    },
    toString: () => `AlwaysSessions{${sampler}}`,
  };
}

function processorFromEnvironment(): SpanProcessor {
  const exporter =
    getStringFromEnv('OTEL_TRACES_EXPORTER') === 'console' ? new ConsoleSpanExporter() : new OTLPTraceExporter();
  return new BatchSpanProcessor({
    exporter,
    scheduledDelayMillis: getNumberFromEnv('OTEL_BSP_SCHEDULE_DELAY') ?? 5000,
    exportTimeoutMillis: getNumberFromEnv('OTEL_BSP_EXPORT_TIMEOUT') ?? 30_000,
    maxQueueSize: getNumberFromEnv('OTEL_BSP_MAX_QUEUE_SIZE') ?? 2048,
    maxExportBatchSize: getNumberFromEnv('OTEL_BSP_MAX_EXPORT_BATCH_SIZE') ?? 512,
  });
}

export interface TracingOptions {
  readonly service: string;
  readonly version: string;
  /** For tests; otherwise the exporter that the environment asks for. */
  readonly processor?: SpanProcessor;
}

/** Makes the SDK the provider behind `@opentelemetry/api`. @returns what sends the last spans and ends it. */
export function installTracing({ service, version, processor }: TracingOptions): () => Promise<void> {
  const provider = new TracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': `witan-${service}`, 'service.version': version }))
      .merge(detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] })),
    sampler: samplerFromEnvironment(),
    idGenerator,
    spanProcessors: [processor ?? processorFromEnvironment()],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  return async () => {
    await provider.shutdown();
    trace.disable();
    propagation.disable();
    context.disable();
  };
}
