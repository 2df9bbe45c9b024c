import { join, relative, resolve } from 'node:path';
import { duration, plural, type Style } from '@witan/cli';
import type { Memory } from '../memory.ts';
import type { Note, Summary } from '../state.ts';

/** What a newcomer wants to know when it stands: what was made, where to look, what to try. */
export function summaryLines(summary: Summary, { colours }: Style): string[] {
  const { resumed, tookMs, threshold, elders, chainLength, url, memory } = summary;
  const done = resumed ? `resumed in ${duration(tookMs)}` : `made in ${duration(tookMs)}`;
  // In the folder of the data directory's default place, the command line finds the gateway by itself.
  const where = resolve('.witan') === summary.dataDir ? '' : ` --url ${url}`;
  const line = (label: string, value: string): string => `  ${colours.dim(label.padEnd(12))} ${value}`;
  return [
    colours.bold(colours.green(`A ${threshold}-of-${elders} section key, ${done}.`)),
    line('section key', summary.sectionKey),
    line('genesis key', summary.genesisKey),
    line('chain', `${plural(chainLength, 'key')}, each signed by the one before`),
    line('explorer', `${url}/`),
    line('API', `${url}/v1/network`),
    line('API document', `${url}/docs`),
    line('metrics', metricsLine(summary)),
    ...(memory === undefined ? [] : [line('memory', memoryLine(memory))]),
    line('look further', ['status', 'dkg show', 'nodes'].map((command) => `npx witan ${command}`).join('   ')),
    ...(where === '' ? [] : [line('', `each with${where}`)]),
  ];
}

function metricsLine({ metrics, dataDir }: Summary): string {
  const gateway = metrics.find(({ name }) => name === 'gateway') ?? metrics[0];
  const others = metrics.length - 1;
  const file = join(dataDir, 'cluster.json');
  const near = relative(process.cwd(), file);
  return gateway === undefined
    ? 'none'
    : `${gateway.url}/metrics and ${others} more, listed in ${near.startsWith('..') ? file : near}`;
}

function memoryLine({ processes, rssBytes, pssBytes }: Memory): string {
  const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
  return `${megabytes(pssBytes)} in ${plural(processes, 'process', 'processes')} (${megabytes(rssBytes)} with shared pages counted in each)`;
}

export function stoppedLine({ tookMs, restarts }: Extract<Note, { type: 'stopped' }>): string {
  const restarted =
    restarts === 0 ? '' : `; ${plural(restarts, 'process', 'processes')} had to be started again meanwhile`;
  return `Stopped in ${duration(tookMs)}, no process is left${restarted}.`;
}
