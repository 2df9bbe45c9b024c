import { createLogUpdate } from 'log-update';

/** The lines at the bottom of a terminal that are drawn over; what is printed goes above them and stays. */
export class LiveArea {
  readonly #log: ReturnType<typeof createLogUpdate>;

  constructor(stream: NodeJS.WriteStream) {
    this.#log = createLogUpdate(stream);
  }

  draw(lines: readonly string[]): void {
    this.#log(lines.join('\n'));
  }

  print(text: string): void {
    this.#log.persist(text);
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
