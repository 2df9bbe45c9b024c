/** A line of a service's log. */
type Line = Readonly<Record<string, unknown>>;

/** What processes say differently, of those things of which there is one: the key of a session, the decision of a generation. */
export function contradictions(lines: Iterable<Line>): string[][] {
  const truths = new Map<string, Set<string>>();
  const note = (about: string, what: string) => truths.set(about, (truths.get(about) ?? new Set()).add(what));
  for (const line of lines) {
    if (line.event === 'dkg-done') note(`session ${line.session}`, String(line.key));
    if (line.event !== 'decided') continue;
    note(`generation ${line.generation}`, String(line.action));
    if (line.action === 'handover') note(`key of generation ${line.generation}`, String(line.key));
  }
  return [...truths].filter(([, said]) => said.size > 1).map(([about, said]) => [about, ...said]);
}
