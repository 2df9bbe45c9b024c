import { duration, eventLine, plural, type Style, short } from '@witan/cli';
import type { Note } from '../state.ts';
import type { ProcessStatus } from '../supervisor.ts';
import { stoppedLine, summaryLines } from './summary.ts';

/** Of the node that makes the genesis key. */
const FIRST_ELDER = 'node-0-elder';

/** One thing that happened as lines for people; none for what would only be noise. */
export function noteLines(note: Note, style: Style): string[] {
  switch (note.type) {
    case 'begin':
      return [`${note.resuming ? 'resumes' : 'starts'} ${plural(note.nodes, 'node')} in ${note.dataDir}`];
    case 'remark':
    case 'waiting':
      return [note.detail];
    case 'process':
      return processLines(note.process, note.detail, style);
    case 'event': {
      const line = eventLine(note.event, style);
      return line === undefined ? [] : [line];
    }
    case 'ready':
      return ['', ...summaryLines(note.summary, style), ''];
    case 'stopping':
      return [`stops (${note.reason})`];
    case 'stopped':
      return [stoppedLine(note)];
  }
}

/** What is worth a line that stays when there is a screen as well. */
export function isLasting(note: Note): boolean {
  if (note.type === 'process') return note.process.state === 'restarting' || note.process.state === 'failed';
  if (note.type === 'event') return ['dkg.blamed', 'dkg.failed', 'handover'].includes(note.event.type);
  return !['begin', 'waiting', 'stopping'].includes(note.type);
}

function processLines(process: ProcessStatus, detail: string | undefined, { colours }: Style): string[] {
  const { name, state, restarts, lastEnd, ready } = process;
  const why = detail === undefined ? '' : `: ${detail}`;
  switch (state) {
    case 'ready': {
      const genesis = ready?.info.genesisKey;
      const facts =
        genesis !== undefined && name === FIRST_ELDER && restarts === 0 ? `, genesis key ${short(genesis)}` : '';
      return [`${name} is ${restarts > 0 ? 'ready again' : 'ready'}${facts}`];
    }
    case 'restarting':
      return [colours.yellow(`${name} ended (${lastEnd}) and is started again${why}`)];
    case 'failed':
      return [colours.red(`${name} failed (${lastEnd})${why}`)];
    default:
      return [];
  }
}

/** `12.34 s` since the start, so that the column stays as wide. */
export function clock(ms: number): string {
  return ms < 600_000 ? `${(ms / 1000).toFixed(2)} s`.padStart(8) : duration(ms).padStart(8);
}
