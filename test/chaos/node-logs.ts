import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LineState } from '../breakable/line.ts';

const HALF_AN_HOUR_MS = 1_800_000;

/** What the nodes of a run themselves tell of what was done to them, by the folder that their logs were written to. */
export class NodeLogs {
  readonly #lines: readonly string[];

  constructor(folder: string) {
    const files = readdirSync(folder).filter((name) => name.startsWith('node-'));
    this.#lines = files.flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'));
  }

  /** Of these the states in which no line to NATS has been. */
  missing(states: readonly LineState[]): readonly LineState[] {
    const said = (state: LineState) => JSON.stringify(`the line to NATS is now ${JSON.stringify(state)}`);
    return states.filter((state) => !this.#lines.some((line) => line.includes(said(state))));
  }

  /** Whether clocks have been half an hour ahead of now, and half an hour behind the begin of the run. */
  clocksJumped(startedAt: string): { readonly ahead: boolean; readonly behind: boolean } {
    const times = this.#lines
      .flatMap((line) => /"time":"([^"]+)"/.exec(line)?.[1] ?? [])
      .map((time) => Date.parse(time));
    return {
      ahead: Math.max(...times) > Date.now() + HALF_AN_HOUR_MS,
      behind: Math.min(...times) < Date.parse(startedAt) - HALF_AN_HOUR_MS,
    };
  }
}
