import { type Line, OneTruth } from '../support/one-truth.ts';

const COMPLAINTS_KEPT = 1_000;

/** Hears what processes log as they log it, and keeps of it what must not be. */
export class LogJudge {
  readonly #truth = new OneTruth();
  readonly #failed = new Set<string>();

  hear(who: string, line: Line): void {
    this.#truth.hear(line);
    if (line.event !== 'dkg-held-failed' || this.#failed.size >= COMPLAINTS_KEPT) return;
    const { session, phase, reason, from } = line;
    this.#failed.add(`${who}: a held message failed: ${JSON.stringify({ session, phase, reason, from })}`);
  }

  /** Lines of a log as text, those that are no JSON left out. */
  hearText(who: string, text: string): void {
    for (const line of text.split('\n')) {
      const fields = line.startsWith('{') ? readLine(line) : undefined;
      if (fields) this.hear(who, fields);
    }
  }

  complaints(): string[] {
    return [...this.#truth.contradictions().map((said) => said.join(': ')), ...this.#failed];
  }
}

/** The last line of a log that is still written may be half of one. */
function readLine(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
}
