import type { WitanErrorCode } from '@witan/errors';
import { type Line, OneTruth } from '../support/one-truth.ts';
import { ShareJudge } from './share-judge.ts';

const COMPLAINTS_KEPT = 1_000;

/** Events that no honest process causes, and what of their lines says which it was. */
const NEVER: Readonly<Record<string, { readonly what: string; readonly fields: readonly string[] }>> = {
  'dkg-held-failed': { what: 'a held message failed', fields: ['session', 'phase', 'reason', 'from'] },
  equivocation: { what: 'an elder said two different things', fields: ['accused'] },
};

/** Hears what processes log as they log it, and keeps of it what must not be. */
export class LogJudge {
  readonly #truth = new OneTruth();
  readonly #shares = new ShareJudge();
  readonly #failed = new Set<string>();
  readonly #noRoom = new Set<string>();

  hear(who: string, line: Line): void {
    this.#truth.hear(line);
    this.#shares.hear(line);
    if (tellsOfNoRoom(line)) this.#noRoom.add(who);
    const never = typeof line.event === 'string' ? NEVER[line.event] : undefined;
    if (never === undefined || this.#failed.size >= COMPLAINTS_KEPT) return;
    const told = Object.fromEntries(never.fields.map((field) => [field, line[field]]));
    this.#failed.add(`${who}: ${never.what}: ${JSON.stringify(told)}`);
  }

  /** Lines of a log as text, those that are no JSON left out. */
  hearText(who: string, text: string): void {
    for (const fields of linesOf(text)) this.hear(who, fields);
  }

  /** Lines of before the run, for what somebody has that could be lost in it. */
  learn(text: string): void {
    for (const fields of linesOf(text)) this.#shares.hear(fields);
    this.#shares.forgive();
  }

  /** Who has said that it has no room for what it must write. */
  get noRoom(): ReadonlySet<string> {
    return this.#noRoom;
  }

  /** From now on: disks are filled. */
  forgetNoRoom(): void {
    this.#noRoom.clear();
  }

  complaints(): string[] {
    const contradictions = this.#truth.contradictions().map((said) => said.join(': '));
    return [...contradictions, ...this.#shares.complaints(), ...this.#failed];
  }
}

/** The last line of a log that is still written may be half of one. */
function* linesOf(text: string): Generator<Line> {
  for (const line of text.split('\n')) {
    if (!line.startsWith('{')) continue;
    try {
      yield JSON.parse(line) as Line;
    } catch {
      // Half of one.
    }
  }
}

function tellsOfNoRoom({ event, err }: Line): boolean {
  if (event !== 'store' && event !== 'flush') return false;
  return (err as { readonly code?: unknown } | undefined)?.code === ('WITAN_ERR_STORE_FULL' satisfies WitanErrorCode);
}
