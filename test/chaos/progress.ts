import { duration, LiveArea, marks, plural, type Style } from '@witan/cli';
import type { Progress } from './conductor.ts';
import type { Operation } from './history.ts';

export interface Terminal {
  readonly output: Pick<NodeJS.WriteStream, 'write'> & { readonly columns?: number };
  readonly terminal: boolean;
  readonly style: Style;
}

const REDRAW_MS = 200;
/** Operations that the line at the bottom speaks of. */
const LATEST = 40;

/** A line for each thing that happens; on a terminal, below them one that says how it stands now. */
export class ProgressView {
  readonly #io: Terminal;
  readonly #total: number | undefined;
  readonly #beganAt = performance.now();
  readonly #area: LiveArea | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  #doing = '';
  #waitsFor: string | undefined;
  #asked = 0;
  #failed = 0;
  #latest: Operation[] = [];

  /** @param total experiments that there are to be; undefined where time decides */
  constructor(io: Terminal, total: number | undefined) {
    this.#io = io;
    this.#total = total;
    if (!io.terminal) return;
    this.#area = new LiveArea(io.output as NodeJS.WriteStream);
    this.#timer = setInterval(() => this.#draw(), REDRAW_MS).unref();
  }

  show(progress: Progress): void {
    const { colours } = this.#io.style;
    const { good, bad } = marks(this.#io.style);
    if (progress.type === 'operation') {
      this.#asked++;
      if (!progress.operation.ok) this.#failed++;
      this.#latest = [...this.#latest, progress.operation].slice(-LATEST);
    }
    if (progress.type === 'waits') this.#waitsFor = progress.why;
    if (progress.type === 'starting') this.#begin(progress.text);
    if (progress.type === 'begins') {
      const of = this.#total === undefined ? '' : `/${this.#total}`;
      const { name, title } = progress.experiment;
      this.#begin(name);
      this.#print(`${colours.bold(`${progress.index + 1}${of} ${name}`)}  ${colours.dim(title)}`);
    }
    if (progress.type === 'mark') this.#print(`    ${progress.mark.text}`);
    if (progress.type === 'violation') this.#print(colours.red(`  ${bad} ${progress.violation.what}`));
    if (progress.type === 'ends') {
      const { healedMs, healsFromMs } = progress.episode;
      if (healedMs !== undefined)
        this.#print(colours.green(`  ${good} whole after ${duration(healedMs - healsFromMs)}`));
    }
  }

  done(): void {
    clearInterval(this.#timer);
    this.#area?.clear();
  }

  #begin(doing: string): void {
    this.#doing = doing;
    this.#waitsFor = undefined;
  }

  #print(line: string): void {
    const text = `${this.#io.style.colours.dim(this.#clock())}  ${line}`;
    if (this.#area) this.#area.print(text);
    else this.#io.output.write(`${text}\n`);
  }

  #draw(): void {
    const slowest = Math.max(0, ...this.#latest.map(({ startedMs, endedMs }) => endedMs - startedMs));
    const clients = `${plural(this.#asked, 'attestation')}, ${this.#failed} failed, slowest of the last ${LATEST} ${duration(slowest)}`;
    const waits = this.#waitsFor === undefined ? '' : `; ${this.#waitsFor}`;
    this.#area!.draw([`${this.#clock()}  ${this.#doing}${waits}`, `        ${clients}`]);
  }

  #clock(): string {
    const s = Math.floor((performance.now() - this.#beganAt) / 1000);
    return `${String(Math.floor(s / 60)).padStart(3)}:${String(s % 60).padStart(2, '0')}`;
  }
}
