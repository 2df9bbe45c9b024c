/** A line of a service's log. */
export type Line = Readonly<Record<string, unknown>>;

/** Things of which one truth is known are forgotten after so many newer ones: about a kilobyte each at most. */
const TRUTHS_KEPT = 20_000;

/** What processes say of those things of which there is one: the key of a session, the decision of a generation. */
export class OneTruth {
  readonly #truths = new Map<string, Set<string>>();

  hear(line: Line): void {
    if (line.event === 'dkg-done') this.#note(`session ${line.session}`, String(line.key));
    if (line.event !== 'decided') return;
    this.#note(`generation ${line.generation}`, String(line.action));
    // A release of before does not tell it.
    if (line.decision !== undefined) this.#note(`decision of generation ${line.generation}`, String(line.decision));
    if (line.action === 'handover') this.#note(`key of generation ${line.generation}`, String(line.key));
  }

  /** What was said differently, and how. */
  contradictions(): string[][] {
    return [...this.#truths].filter(([, said]) => said.size > 1).map(([about, said]) => [about, ...said]);
  }

  #note(about: string, what: string): void {
    const said = this.#truths.get(about);
    if (said) said.add(what);
    else this.#truths.set(about, new Set([what]));
    if (this.#truths.size <= TRUTHS_KEPT) return;
    for (const [each, { size }] of this.#truths) {
      if (size > 1) continue;
      this.#truths.delete(each);
      return;
    }
  }
}

/** As `OneTruth`, of lines that are all there. */
export function contradictions(lines: Iterable<Line>): string[][] {
  const truth = new OneTruth();
  for (const line of lines) truth.hear(line);
  return truth.contradictions();
}
