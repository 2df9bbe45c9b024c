import * as echarts from 'echarts';
import type { Episode, History } from '../history.ts';
import type { Asked } from '../operations.ts';
import type { Finding } from '../verdict.ts';

const WIDTH = 1100;
/** Stretches of time that a curve has at most. */
const POINTS_MAX = 600;
/** Dots for what got no proof. */
const FAILED_MAX = 2_000;
const BUCKET_MS_MIN = 1_000;
const BACKGROUND = '#ffffff';
const BLUE = '#2f6fdb';
const ORANGE = '#d97706';
const RED = '#c81e1e';
const BAND = 'rgba(120, 113, 108, 0.16)';

/** What clients waited, over the whole run, as SVG; grey is the time from a fault to a section that is whole again. */
export function latencyPlot({ operations, episodes, endedMs }: History): string {
  const widthMs = Math.max(BUCKET_MS_MIN, endedMs / POINTS_MAX);
  const buckets = bucketsOf(operations, widthMs);
  const curve = (name: string, color: string, of: (tookMs: readonly number[]) => number | undefined) => ({
    name,
    type: 'line' as const,
    symbolSize: 2,
    lineStyle: { width: 1 },
    itemStyle: { color },
    data: buckets.map(({ atMs, tookMs }) => [minutes(atMs), of(tookMs) ?? null]),
  });
  return draw(420, {
    title: title('Attestations: time from the question to the proof, retries included'),
    legend: { top: 4, right: 20, data: ['median', 'slowest', 'no proof'] },
    grid: { left: 70, right: 20, top: 60, bottom: 45 },
    xAxis: { type: 'value', name: 'min', min: 0, max: Math.ceil(minutes(endedMs)) },
    yAxis: { type: 'log', name: 'ms', min: 10 },
    series: [
      {
        ...curve('median', BLUE, (tookMs) => tookMs[Math.floor(tookMs.length / 2)]),
        markArea: { silent: true, itemStyle: { color: BAND }, data: episodes.map(band) },
      },
      curve('slowest', ORANGE, (tookMs) => tookMs.at(-1)),
      {
        name: 'no proof',
        type: 'scatter',
        symbolSize: 7,
        itemStyle: { color: RED },
        data: operations.failed(FAILED_MAX).map(({ startedMs, endedMs: end }) => [minutes(startedMs), end - startedMs]),
      },
    ],
  });
}

/** How long the section took to be whole again, the longest time of each experiment, as SVG. */
export function healingPlot(findings: readonly Finding[]): string {
  const shown = findings.filter(({ healedMs }) => healedMs !== undefined).toReversed();
  return draw(80 + 22 * shown.length, {
    title: title('From the end of the fault to a section that is whole, longest'),
    grid: { left: 190, right: 60, top: 40, bottom: 40 },
    xAxis: { type: 'value', name: 's' },
    yAxis: { type: 'category', data: shown.map(({ experiment }) => experiment), axisTick: { show: false } },
    series: [
      {
        type: 'bar',
        itemStyle: { color: BLUE },
        label: { show: true, position: 'right', formatter: ({ value }) => Number(value).toFixed(1) },
        data: shown.map(({ healedMs }) => healedMs! / 1000),
      },
    ],
  });
}

interface Bucket {
  readonly atMs: number;
  /** Sorted; empty where nobody asked. */
  readonly tookMs: readonly number[];
}

function bucketsOf(operations: Iterable<Asked>, widthMs: number): Bucket[] {
  const tookMs = new Map<number, number[]>();
  for (const { startedMs, endedMs } of operations) {
    const bucket = Math.floor(startedMs / widthMs);
    const those = tookMs.get(bucket);
    if (those) those.push(endedMs - startedMs);
    else tookMs.set(bucket, [endedMs - startedMs]);
  }
  const last = Math.max(-1, ...tookMs.keys());
  return Array.from({ length: last + 1 }, (_, bucket) => ({
    atMs: (bucket + 0.5) * widthMs,
    tookMs: (tookMs.get(bucket) ?? []).toSorted((a, b) => a - b),
  }));
}

function band({ startedMs, healedMs, mendedMs }: Episode): [{ xAxis: number }, { xAxis: number }] {
  return [{ xAxis: minutes(startedMs) }, { xAxis: minutes(healedMs ?? mendedMs) }];
}

const title = (text: string) => ({ text, left: 10, top: 2, textStyle: { fontSize: 14 } });

function minutes(ms: number): number {
  return Math.round(ms / 60) / 1000;
}

function draw(height: number, option: echarts.EChartsOption): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  chart.setOption({
    backgroundColor: BACKGROUND,
    animation: false,
    textStyle: { fontFamily: 'sans-serif' },
    ...option,
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
