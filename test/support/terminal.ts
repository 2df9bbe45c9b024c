import { type ChildProcess, spawn } from 'node:child_process';
import { eventually, Hopeless } from './eventually.ts';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const ESCAPE = '\u001b';
/** After the escape. */
const SEQUENCE = /^\[(\??)(\d*)([A-Za-z])/;
const END_OF_UPDATE = '2026l';

/** What a person sees of what a program writes: the few sequences that are in use here, and none that are not. */
export class Screen {
  readonly #size: Size;
  readonly #lines: string[][] = [[]];
  #row = 0;
  #column = 0;
  #rest = '';
  cursorVisible = true;
  /** All that there was to see after each whole update. */
  readonly frames: string[] = [];

  constructor(size: Size) {
    this.#size = size;
  }

  /** From the first to the last, also those that have left the screen at its top. */
  get lines(): string[] {
    return this.#lines.map((cells) => cells.join('').trimEnd());
  }

  get text(): string {
    return this.lines.join('\n').trimEnd();
  }

  /** @throws Error at a sequence that it does not know */
  write(data: string): void {
    let text = this.#rest + data;
    this.#rest = '';
    while (text !== '') {
      if (text.startsWith(ESCAPE)) {
        const sequence = SEQUENCE.exec(text.slice(1));
        if (sequence === null) {
          if (text.length > 16) throw new Error(`an unknown sequence: ${JSON.stringify(text.slice(0, 16))}`);
          this.#rest = text;
          return;
        }
        this.#obey(sequence);
        text = text.slice(1 + sequence[0].length);
      } else {
        this.#put(text[0]!);
        text = text.slice(1);
      }
    }
  }

  get #top(): number {
    return Math.max(0, this.#lines.length - this.#size.rows);
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') this.#down();
    else if (character >= ' ') {
      // The cell at the edge is followed by a line of its own only when something is put there.
      if (this.#column === this.#size.columns) {
        this.#column = 0;
        this.#down();
      }
      const line = this.#lines[this.#row]!;
      while (line.length < this.#column) line.push(' ');
      line[this.#column++] = character;
    }
  }

  #down(): void {
    this.#row++;
    if (this.#row === this.#lines.length) this.#lines.push([]);
  }

  #obey([, question, digits, letter]: RegExpExecArray): void {
    const count = digits === '' ? 1 : Number(digits);
    const command = question === '?' ? `${digits}${letter}` : letter;
    switch (command) {
      case 'A':
        this.#row = Math.max(this.#top, this.#row - count);
        break;
      case 'B':
        this.#row = Math.min(this.#lines.length - 1, this.#row + count);
        break;
      case 'G':
        this.#column = count - 1;
        break;
      case 'K':
        this.#lines[this.#row]!.length = digits === '2' ? 0 : Math.min(this.#column, this.#lines[this.#row]!.length);
        break;
      case '25l':
      case '25h':
        this.cursorVisible = letter === 'h';
        break;
      case END_OF_UPDATE:
        this.frames.push(this.text);
        break;
      case '2026h':
      case 'm':
        break;
      default:
        throw new Error(`an unknown sequence: ${question}${digits}${letter}`);
    }
  }
}

/** A program in a terminal of its own. */
export class Terminal {
  readonly screen: Screen;
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
  /** All that it wrote, as it wrote it. */
  raw = '';

  /** @param command for the shell */
  constructor(command: string, size: Size, options: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {}) {
    this.screen = new Screen(size);
    // The shell is told of Ctrl-C as well. With a trap it lets the program end as it will, in dash as in bash.
    const within = `stty cols ${size.columns} rows ${size.rows}; trap : INT; ${command}`;
    this.process = spawn('script', ['-q', '-e', '-f', '-c', within, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, SHELL: '/bin/sh', TERM: 'xterm-256color', ...options.env },
      ...(options.cwd !== undefined && { cwd: options.cwd }),
    });
    this.process.stdout!.setEncoding('utf8').on('data', (data: string) => {
      this.raw += data;
      this.screen.write(data);
    });
    this.ended = new Promise((resolve) => this.process.once('close', resolve));
  }

  type(text: string): void {
    this.process.stdin!.write(text);
  }

  /** Ctrl-C of a person at the keyboard: all that run in the terminal are told. */
  interrupt(): void {
    this.type('\u0003');
  }

  async shows(text: string | RegExp, withinMs: number): Promise<void> {
    const isThere = () => (typeof text === 'string' ? this.screen.text.includes(text) : text.test(this.screen.text));
    await eventually(`the terminal shows ${text}`, () => isThere() || this.#endedWithout(text), { withinMs });
  }

  #endedWithout(text: string | RegExp): false {
    if (this.process.exitCode === null) return false;
    throw new Hopeless(`it has ended without showing ${text}: ${this.screen.text}`);
  }
}
