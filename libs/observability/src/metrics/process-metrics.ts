import { readdirSync, readFileSync } from 'node:fs';
import { constants, type PerformanceEntry, PerformanceObserver, performance } from 'node:perf_hooks';
import { counter, gauge, histogram, instruments, type Meter } from '../meter.ts';

const GC_KINDS = ['major', 'minor', 'incremental', 'weakcb'] as const;
const GC_KIND_OF: ReadonlyMap<unknown, (typeof GC_KINDS)[number]> = new Map([
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
]);

type GcEntry = PerformanceEntry & { readonly detail: { readonly kind: number } };

/** The names that Prometheus client libraries agree on, so that common dashboards work. */
export const PROCESS_METRICS = {
  cpu: counter({ name: 'process_cpu_seconds_total', help: 'CPU time of the process, user and system' }),
  startTime: gauge({ name: 'process_start_time_seconds', help: 'Start of the process, in seconds since the epoch' }),
  residentMemory: gauge({ name: 'process_resident_memory_bytes', help: 'Resident memory of the process' }),
  openFds: gauge({ name: 'process_open_fds', help: 'Open file descriptors' }),
  maxFds: gauge({ name: 'process_max_fds', help: 'Limit of open file descriptors' }),
  heapUsed: gauge({ name: 'nodejs_heap_size_used_bytes', help: 'JavaScript heap in use' }),
  heapTotal: gauge({ name: 'nodejs_heap_size_total_bytes', help: 'JavaScript heap reserved' }),
  external: gauge({
    name: 'nodejs_external_memory_bytes',
    help: 'Memory of objects outside the heap, buffers included',
  }),
  gc: histogram({
    name: 'nodejs_gc_duration_seconds',
    help: 'Pauses of the garbage collector',
    labels: { kind: GC_KINDS },
    // Minor collections take about 1 ms and major ones of a small heap about 10; 100 ms would be felt in a DKG.
    buckets: [0.001, 0.01, 0.1, 1],
  }),
  loopLag: histogram({
    name: 'witan_event_loop_lag_seconds',
    help: 'How much later than asked a timer fires: the time that everything else in the process has to wait',
    // Idle it is under 2 ms; checking a phase of a large DKG blocks for tens of ms; a second means overload.
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
  }),
  loopActive: counter({
    name: 'witan_event_loop_active_seconds_total',
    help: 'Time that the event loop was busy; its rate is the utilisation, 1 is saturated',
  }),
} as const;

/** A node has to be cheap while idle: a hundred samples a second would cost half a percent of a core in each process. */
const LAG_INTERVAL_MS = 200;

/**
 * Memory, CPU, file descriptors, garbage collection and event loop of this process. prom-client's own set is not used:
 * it has gauges named `_total`, and its event-loop lag includes the sampling interval and is reset by each scrape.
 *
 * @returns a function that ends the sampling.
 */
export function processMetrics(meter: Meter): () => void {
  const metrics = instruments(meter, PROCESS_METRICS);
  metrics.cpu.collect((set) => {
    const { user, system } = process.cpuUsage();
    set((user + system) / 1e6);
  });
  metrics.startTime.set(Math.round(performance.timeOrigin) / 1000);
  metrics.residentMemory.collect((set) => set(process.memoryUsage.rss()));
  metrics.heapUsed.collect((set) => set(process.memoryUsage().heapUsed));
  metrics.heapTotal.collect((set) => set(process.memoryUsage().heapTotal));
  metrics.external.collect((set) => set(process.memoryUsage().external));
  metrics.loopActive.collect((set) => set(performance.eventLoopUtilization().active / 1000));
  if (process.platform === 'linux') {
    metrics.openFds.collect((set) => set(readdirSync('/proc/self/fd').length - 1));
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    if (limit !== undefined) metrics.maxFds.set(Number(limit));
  }

  const collector = new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as GcEntry[]) {
      const kind = GC_KIND_OF.get(entry.detail.kind);
      if (kind !== undefined) metrics.gc.observe({ kind }, entry.duration / 1000);
    }
  });
  collector.observe({ entryTypes: ['gc'] });

  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    metrics.loopLag.observe(Math.max(0, now - last - LAG_INTERVAL_MS) / 1000);
    last = now;
  }, LAG_INTERVAL_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    collector.disconnect();
  };
}

/** Each label has one value in a process, so it is defined where that is known. */
export const buildDefinition = (labels: Readonly<Record<'service' | 'version' | 'runtime', readonly string[]>>) =>
  gauge({ name: 'witan_build_info', help: 'Always 1; the labels name the code that runs', labels });

/** `witan_build_info`: which code runs here. */
export function buildInfo(meter: Meter, { service, version }: { service: string; version: string }): void {
  const runtime = process.version;
  const definition = buildDefinition({ service: [service], version: [version], runtime: [runtime] });
  meter.gauge(definition).set({ service, version, runtime }, 1);
}
