export {
  createLogger,
  type LogFields,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  silentLogger,
} from './logger.ts';
export {
  type AnyDefinition,
  type Counter,
  type CounterDefinition,
  counter,
  type Exemplar,
  type Gauge,
  type GaugeDefinition,
  gauge,
  type Histogram,
  type HistogramDefinition,
  histogram,
  type Instruments,
  instruments,
  type Labels,
  type Meter,
  noopMeter,
} from './meter.ts';
export { type ActorObserverMetrics, actorObserver } from './metrics/actor-metrics.ts';
export { ALL_METRICS } from './metrics/all.ts';
export { type AntiEntropyMetrics, antiEntropyMetrics } from './metrics/anti-entropy-metrics.ts';
export { type AttestationMetrics, attestationMetrics } from './metrics/attestation-metrics.ts';
export { watchBackups } from './metrics/backup-metrics.ts';
export { type BusView, watchBus, watchNoBus } from './metrics/bus-metrics.ts';
export { type CertificateUse, watchCertificates } from './metrics/certificate-metrics.ts';
export { type DecisionMetrics, decisionMetrics } from './metrics/decision-metrics.ts';
export { type DkgMetrics, type DkgView, dkgMetrics, watchDkg } from './metrics/dkg-metrics.ts';
export { type HttpObserverMetrics, httpObserver } from './metrics/http-metrics.ts';
export { type JournalStatsView, watchJournal } from './metrics/journal-metrics.ts';
export { buildInfo, processMetrics } from './metrics/process-metrics.ts';
export {
  type RejectionMetrics,
  type RejectionReason,
  rejectionMetrics,
  rejectionReason,
} from './metrics/rejection-metrics.ts';
export { type SectionView, watchSection } from './metrics/section-metrics.ts';
export { type Exposition, PromMeter } from './prom-meter.ts';
export { RecordingMeter, type Sample } from './recording-meter.ts';
export { continueTrace, injectTrace } from './tracing/propagation.ts';
export {
  type SessionPhase,
  type SessionTrace,
  type SessionTraceOptions,
  sessionTrace,
} from './tracing/session-trace.ts';
export { startTracing, tracingWanted, tracingWarnings } from './tracing/start.ts';
