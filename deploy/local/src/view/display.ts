import { LiveArea, type Style } from '@witan/cli';
import type { ClusterState, Note } from '../state.ts';
import { clock, isLasting, noteLines } from './note-line.ts';
import { screenLines } from './screen.ts';

/** Where what happens is shown. */
export interface Display {
  note(note: Note, elapsedMs: number): void;
  /** The state has changed, or a little time has passed. */
  draw(state: ClusterState): void;
  close(): void;
}

/** A line for each event. */
export class PlainDisplay implements Display {
  readonly #write: (text: string) => void;
  readonly #style: Style;

  constructor(write: (text: string) => void, style: Style) {
    this.#write = write;
    this.#style = style;
  }

  note(note: Note, elapsedMs: number): void {
    const prefix = note.type === 'ready' ? '' : `${this.#style.colours.dim(clock(elapsedMs))}  `;
    for (const line of noteLines(note, this.#style)) this.#write(`${prefix}${line}\n`);
  }

  draw(): void {}

  close(): void {}
}

/** The same for programs. */
export class JsonDisplay implements Display {
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  note(note: Note, elapsedMs: number): void {
    this.#write(`${JSON.stringify({ elapsedMs: Math.round(elapsedMs), ...note })}\n`);
  }

  draw(): void {}

  close(): void {}
}

/** A screen that is drawn over, and above it the few lines that should stay. */
export class TerminalDisplay implements Display {
  readonly #area: LiveArea;
  readonly #stream: NodeJS.WriteStream;
  readonly #style: Style;

  constructor(stream: NodeJS.WriteStream, style: Style) {
    this.#stream = stream;
    this.#style = style;
    this.#area = new LiveArea(stream);
  }

  note(note: Note): void {
    if (!isLasting(note)) return;
    if (note.type === 'stopped') this.#area.clear();
    for (const line of noteLines(note, this.#style)) this.#area.print(line);
  }

  draw(state: ClusterState): void {
    this.#area.draw(screenLines(state, { style: this.#style, columns: this.#stream.columns ?? 80 }));
  }

  close(): void {
    this.#area.done();
  }
}
