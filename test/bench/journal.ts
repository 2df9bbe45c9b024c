import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openJournal } from '@witan/journal';
import { table } from './table.ts';

/** As many and as long as the commits of a participant of 7 in a session. */
const COMMITS_A_SESSION = 8;
const RECORD_BYTES = [300, 4000];
const SESSIONS = 20;

/** Of one durable commit, on the main thread. */
interface Commit {
  readonly cpuUs: number;
  readonly wallUs: number;
}

export interface JournalFigures {
  readonly withoutRoom: Commit;
  readonly withRoom: Commit;
}

/** Durable commits of sessions, each of which is destroyed at its end, with and without room in the log, turn by turn. */
export function measureJournal(dataDir: string): JournalFigures {
  const folder = mkdtempSync(join(dataDir, 'journal-'));
  const sum = { withoutRoom: { cpuUs: 0, wallUs: 0 }, withRoom: { cpuUs: 0, wallUs: 0 } };
  try {
    const kinds = (['withoutRoom', 'withRoom'] as const).map((kind) => ({
      commit: sum[kind],
      journal: openJournal(join(folder, `${kind}.db`), { roomInLog: kind === 'withRoom' }),
    }));
    for (let session = 0; session < SESSIONS; session++) {
      for (const { commit, journal } of kinds) {
        const stream = journal.stream('dkg/session');
        const cpu = process.threadCpuUsage();
        const startedAt = performance.now();
        for (let n = 0; n < COMMITS_A_SESSION; n++) {
          stream.append(
            RECORD_BYTES.map((length) => new Uint8Array(length)),
            true,
          );
        }
        const { user, system } = process.threadCpuUsage(cpu);
        commit.cpuUs += (user + system) / (SESSIONS * COMMITS_A_SESSION);
        commit.wallUs += ((performance.now() - startedAt) * 1000) / (SESSIONS * COMMITS_A_SESSION);
        stream.replace([]);
      }
    }
    for (const { journal } of kinds) journal.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return sum;
}

export function journalReport({ withoutRoom, withRoom }: JournalFigures): string {
  const row = (what: string, { cpuUs, wallUs }: Commit) => [what, cpuUs, wallUs];
  return [
    'Journal: one durable commit of a session',
    table(
      ['log', 'CPU µs', 'µs'],
      [row('grows with each commit', withoutRoom), row('has room (an elder’s)', withRoom)],
    ),
  ].join('\n');
}
