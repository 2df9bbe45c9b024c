import type { Episode } from '../history.ts';
import { type Summary, told } from './summary.ts';

export interface Picture {
  /** Beside the report. */
  readonly file: string;
  readonly title: string;
}

/** The report for people who read Markdown. @param command what made it */
export function markdown(
  { headline, facts, columns, rows }: Summary,
  episodes: readonly Episode[],
  pictures: readonly Picture[],
  command: string,
): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return `# Chaos report

**${headline}.**

${facts.map((fact) => `- ${fact}`).join('\n')}

Made by \`${command}\`. *proof*: share of what clients asked for that was signed, after retries, from the fault until the
section was whole again; *struck*: of the runs, those that broke what they are for; *healed*: from the end of the fault until every elder could sign again, the longest of all runs.

${line(columns)}
${line(columns.map(() => '---'))}
${rows.map(line).join('\n')}

${pictures.map(({ file, title }) => `![${title}](${file})`).join('\n\n')}

<details><summary>All faults, in order</summary>

${episodes.map(item).join('\n')}

</details>
`;
}

function item(episode: Episode): string {
  const [at, experiment, what] = told(episode);
  return `- ${at} **${experiment}**: ${what}`;
}
