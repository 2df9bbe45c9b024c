import { OPERATIONS, operations, prepareTables } from '@witan/crypto';
import type { DkgReport, Session } from '@witan/dkg';
import type { SectionReport } from '@witan/section';
import { Profiler } from '../profiler.ts';
import type { Command, Notice, PhaseBegin, Sample } from './messages.ts';

/** What participants and coordinators have in common: they obey the bench and tell it what they see. */
export class BenchProcess {
  readonly #stop: () => void;
  #since = usage();
  #phases: PhaseBegin[] = [];
  #detours = { asked: 0, laterViews: 0 };
  #profiler: Profiler | undefined;

  constructor(stop: () => void) {
    this.#stop = stop;
    // The tables are of the process, not of a session: a service makes them when it starts.
    prepareTables();
    process.on('message', (command: Command) => void this.#obey(command));
    process.on('disconnect', () => this.#end());
  }

  tell(notice: Notice): void {
    process.send?.(notice);
  }

  onDkg(session: Session, report: DkgReport): void {
    if (report.type === 'asked') this.#detours.asked++;
    else if (report.type === 'closed') this.#detours.laterViews += report.view > 0 ? 1 : 0;
    else if (report.type === 'phase') {
      // Told later: sending it now would be in what is measured.
      this.#phases.push({ phase: report.phase, at: process.hrtime.bigint() });
    } else if (report.type === 'done') {
      const at = process.hrtime.bigint();
      const { usableShare } = report;
      this.tell({ type: 'done', session: session.id, usableShare, at, sample: this.#sample() });
    } else if (report.type === 'failed') {
      this.trouble('session', report.reason);
    }
  }

  onSection(report: SectionReport): void {
    if (report.type !== 'decided') return;
    const { action, generation } = report.certified.decision;
    // The bench waits for all decisions but those that start what it measures.
    if (action.type !== 'dkg') this.tell({ type: 'generation', generation });
  }

  trouble(what: string, error: unknown): void {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.tell({ type: 'trouble', detail: `${what}: ${detail}` });
  }

  async #obey(command: Command): Promise<void> {
    switch (command.type) {
      case 'prepare':
        this.#phases = [];
        this.#detours = { asked: 0, laterViews: 0 };
        this.#since = usage();
        this.#profiler?.begin();
        this.tell({ type: 'prepared' });
        break;
      case 'sample':
        this.#profiler?.end();
        this.tell({ type: 'sample', sample: this.#sample(), phases: this.#phases, detours: this.#detours });
        break;
      case 'profile':
        if (command.file === undefined) this.#profiler = await Profiler.start();
        else await this.#profiler?.write(command.file);
        this.tell({ type: 'profiled' });
        break;
      case 'stop':
        this.#end();
    }
  }

  #sample(): Sample {
    const now = usage();
    const counts = { ...now.counts };
    for (const name of OPERATIONS) counts[name] -= this.#since.counts[name];
    return { cpuMs: now.cpuMs - this.#since.cpuMs, mainMs: now.mainMs - this.#since.mainMs, counts };
  }

  #end(): void {
    this.#stop();
    process.exit(0);
  }
}

function usage(): Sample {
  const all = process.cpuUsage();
  const main = process.threadCpuUsage();
  return {
    cpuMs: (all.user + all.system) / 1000,
    mainMs: (main.user + main.system) / 1000,
    counts: { ...operations },
  };
}
