import { OPERATIONS, operations, prepareTables } from '@witan/crypto';
import type { DkgReport, Session } from '@witan/dkg';
import { Session as Inspector } from 'node:inspector/promises';
import { writeFileSync } from 'node:fs';
import type { SectionReport } from '@witan/section';
import type { Command, Notice, Role, Sample } from './messages.ts';

/** What participants and coordinators have in common: they obey the bench and tell it what they see. */
export class BenchProcess {
  readonly role: Role;
  readonly #stop: () => void;
  #since = usage();
  #inspector: Inspector | undefined;

  constructor(role: Role, stop: () => void) {
    this.role = role;
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
    if (report.type === 'phase') {
      this.tell({ type: 'phase', session: session.id, phase: report.phase, at: process.hrtime.bigint() });
    } else if (report.type === 'done') {
      const at = process.hrtime.bigint();
      const { usableShare } = report;
      this.tell({ type: 'done', session: session.id, usableShare, at, sample: this.#sample() });
    } else if (report.type === 'failed') {
      this.tell({ type: 'trouble', detail: `session failed: ${report.reason}` });
    }
  }

  onSection(report: SectionReport): void {
    if (report.type !== 'decided' && report.type !== 'ledger') return;
    this.tell({ type: 'generation', generation: report.ledger.generation });
  }

  trouble(what: string, error: unknown): void {
    this.tell({ type: 'trouble', detail: `${what}: ${error instanceof Error ? (error.stack ?? error.message) : error}` });
  }

  async #obey(command: Command): Promise<void> {
    switch (command.type) {
      case 'prepare':
        this.#since = usage();
        this.tell({ type: 'prepared' });
        break;
      case 'sample':
        this.tell({ type: 'sample', sample: this.#sample() });
        break;
      case 'profile':
        await this.#profile(command.file);
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
    return { cpuMs: now.cpuMs - this.#since.cpuMs, counts };
  }

  /** Begins to profile, or, given a file, ends it. */
  async #profile(file: string | undefined): Promise<void> {
    if (file === undefined) {
      this.#inspector = new Inspector();
      this.#inspector.connect();
      await this.#inspector.post('Profiler.enable');
      await this.#inspector.post('Profiler.setSamplingInterval', { interval: 100 });
      await this.#inspector.post('Profiler.start');
    } else if (this.#inspector) {
      const { profile } = await this.#inspector.post('Profiler.stop');
      this.#inspector.disconnect();
      writeFileSync(file, JSON.stringify(profile));
    }
  }

  #end(): void {
    this.#stop();
    process.exit(0);
  }
}

function usage(): Sample {
  const { user, system } = process.cpuUsage();
  return { cpuMs: (user + system) / 1000, counts: { ...operations } };
}
