import { createLogUpdate } from 'log-update';
import { wrapWords } from './wrap.ts';

const COLUMNS = 80;

/** The lines at the bottom of a terminal that are drawn over; what is printed goes above them and stays. */
export class LiveArea {
  readonly #stream: NodeJS.WriteStream;
  readonly #log: ReturnType<typeof createLogUpdate>;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#log = createLogUpdate(stream);
  }

  draw(lines: readonly string[]): void {
    this.#log(lines.flatMap((line) => wrapWords(line, this.#stream.columns ?? COLUMNS)).join('\n'));
  }

  /** A long line is left for the terminal to fold: then a key that is copied from it is in one piece. */
  print(text: string): void {
    this.#log.clear();
    this.#stream.write(`${text}\n`);
  }

  /** Leaves what is drawn where it is. */
  done(): void {
    this.#log.done();
  }

  clear(): void {
    this.#log.clear();
    this.#log.done();
  }
}
