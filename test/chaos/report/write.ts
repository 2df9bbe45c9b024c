import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { History } from '../history.ts';
import type { Verdict } from '../verdict.ts';
import { html } from './html.ts';
import { markdown } from './markdown.ts';
import { healingPlot, latencyPlot } from './plots.ts';
import { summaryOf } from './summary.ts';

interface Run {
  readonly history: History;
  readonly verdict: Verdict;
  /** Where it was run, a line each. */
  readonly about: readonly string[];
  /** What made it. */
  readonly command: string;
}

/**
 * Writes `NAME.md` with its pictures and `NAME.html`, which needs nothing beside it.
 * @returns the path of the HTML
 */
export function writeReport(folder: string, name: string, { history, verdict, about, command }: Run): string {
  mkdirSync(folder, { recursive: true });
  const summary = summaryOf(history, verdict, about);
  const pictures = [
    { file: `${name}-latency.svg`, title: 'How long clients waited, and when something was broken' },
    { file: `${name}-healing.svg`, title: 'How long the section took to be whole again' },
  ];
  const plots = [latencyPlot(history), healingPlot(verdict.findings)];
  for (const [index, { file }] of pictures.entries()) writeFileSync(join(folder, file), plots[index]!);
  writeFileSync(join(folder, `${name}.md`), markdown(summary, history.episodes, pictures, command));
  const page = join(folder, `${name}.html`);
  writeFileSync(page, html(summary, verdict.safe, history.episodes, plots, command));
  return page;
}
