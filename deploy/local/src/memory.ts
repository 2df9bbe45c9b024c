import { readFileSync } from 'node:fs';

export interface Memory {
  /** Those that were still there to be asked. */
  readonly processes: number;
  /** Resident, with what several processes share counted in each. */
  readonly rssBytes: number;
  /** Resident, with what is shared counted once in all. */
  readonly pssBytes: number;
}

/** Of all these processes together; undefined where the system does not tell (it takes Linux). */
export function memoryOf(pids: Iterable<number>): Memory | undefined {
  let [processes, rssBytes, pssBytes] = [0, 0, 0];
  for (const pid of pids) {
    const rollup = read(`/proc/${pid}/smaps_rollup`);
    if (rollup !== '') processes++;
    rssBytes += kilobytes(rollup, 'Rss') * 1024;
    pssBytes += kilobytes(rollup, 'Pss') * 1024;
  }
  return rssBytes === 0 ? undefined : { processes, rssBytes, pssBytes };
}

function kilobytes(rollup: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // It has ended meanwhile.
  }
}
