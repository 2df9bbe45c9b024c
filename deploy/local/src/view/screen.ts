import { isOver } from '@witan/api';
import { duration, healthLine, marks, plural, type Style, sessionLines, short, width } from '@witan/cli';
import type { ClusterState } from '../state.ts';
import type { ProcessState, ProcessStatus } from '../supervisor.ts';

export interface Screen {
  readonly style: Style;
  readonly columns: number;
}

/** The lines at the bottom of the terminal. */
export function screenLines(state: ClusterState, screen: Screen): string[] {
  const { style, columns } = screen;
  const { section, session } = state.picture;
  const lines = [headLine(state, style), ...processLines(state.processes, screen)];
  if (state.stopping) return [...lines, '', style.colours.dim('Ctrl-C again ends everything at once.')];
  if (section !== undefined) {
    const { key, generation, chainLength, members } = section;
    lines.push(
      '',
      `${style.colours.bold('Section root')}  key ${short(key)}, ${plural(chainLength, 'key')} in the chain, generation ${generation}, ${plural(members.length, 'member')}`,
      `  ${healthLine(section, style)}`,
    );
  }
  const running = session !== undefined && !isOver(session);
  if (session !== undefined && (running || state.summary === undefined)) {
    lines.push('', ...sessionLines(session, style, columns));
  }
  if (state.repairs.messages > 0) {
    const { messages, requests } = state.repairs;
    lines.push(
      style.colours.dim(
        `anti-entropy repaired ${plural(messages, 'message')} on ${plural(requests, 'occasion')} since the start`,
      ),
    );
  }
  if (state.summary !== undefined) lines.push('', style.colours.dim('Ctrl-C stops everything.'));
  return lines;
}

function headLine({ nodes, elapsedMs, resuming, stopping, summary }: ClusterState, { colours }: Style): string {
  const what = stopping ? 'stops' : summary !== undefined ? 'runs' : resuming ? 'resumes' : 'starts';
  const clock = summary === undefined && !stopping ? `  ${colours.dim(duration(elapsedMs))}` : '';
  return `${colours.bold('Witan')} ${what}, ${plural(nodes, 'node')}${clock}`;
}

/** One dot a process; a group for each kind, so that twenty of them fit into a line. */
function processLines(processes: readonly ProcessStatus[], { style, columns }: Screen): string[] {
  const group = (label: string, pick: (name: string) => boolean): string => {
    const dots = processes.filter(({ name }) => pick(name)).map(({ state }) => dot(state, style));
    return `${label} ${dots.join('')}`;
  };
  const singles = ['nats', 'gateway', 'coordinator'].map((name) => group(name, (other) => other === name)).join('   ');
  const nodes = ['elders', 'adults']
    .map((kind) => group(kind, (name) => name.endsWith(`-${kind.slice(0, -1)}`)))
    .join('   ');
  const line = `  ${singles}   ${nodes}`;
  const lines = width(line) <= columns ? [line] : [`  ${singles}`, `  ${nodes}`];
  return [...lines, ...processes.flatMap((process) => troubleLine(process, style))];
}

function dot(state: ProcessState, style: Style): string {
  const { colours } = style;
  const mark = marks(style);
  switch (state) {
    case 'ready':
      return colours.green(mark.yes);
    case 'starting':
      return colours.cyan(mark.half);
    case 'waiting':
    case 'stopped':
      return colours.dim(mark.no);
    case 'stopping':
      return colours.dim(mark.half);
    case 'restarting':
      return colours.yellow(mark.half);
    case 'failed':
      return colours.red(mark.bad);
  }
}

function troubleLine(process: ProcessStatus, { colours }: Style): string[] {
  if (process.state === 'failed')
    return [colours.red(`  ${process.name} has failed (${process.lastEnd}) and is not started again`)];
  if (process.state === 'restarting')
    return [colours.yellow(`  ${process.name} ended (${process.lastEnd}) and is started again`)];
  return [];
}
