import type { Episode } from '../history.ts';
import { type Summary, told } from './summary.ts';

const STYLE = `
:root { color-scheme: light; font: 15px/1.5 system-ui, sans-serif; color: #1c1917; background: #fafaf9 }
body { max-width: 1140px; margin: 2rem auto; padding: 0 1rem }
h1 { margin-bottom: 0 } .safe { color: #15803d } .unsafe { color: #b91c1c }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 13px }
th, td { text-align: right; padding: .3rem .5rem; border-bottom: 1px solid #e7e5e4; white-space: nowrap }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left } td:nth-child(2) { white-space: normal; color: #57534e }
td.missed { color: #b45309; font-weight: 600 }
.scroll { overflow-x: auto } svg { max-width: 100%; height: auto } code { background: #f0efee; padding: .1rem .3rem }
li { margin: .15rem 0 }`;

/** The report as one page that needs nothing beside it. @param plots SVG */
export function html(
  { headline, facts, columns, rows }: Summary,
  safe: boolean,
  episodes: readonly Episode[],
  plots: readonly string[],
  command: string,
): string {
  const cells = (tag: string, texts: readonly string[]) =>
    texts.map((text) => `<${tag}${text.endsWith(' *') ? ' class="missed"' : ''}>${escaped(text)}</${tag}>`).join('');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Witan: chaos report</title><style>${STYLE}</style></head><body>
<h1>Chaos report</h1>
<p class="${safe ? 'safe' : 'unsafe'}"><strong>${escaped(headline)}.</strong></p>
<ul>${facts.map((fact) => `<li>${escaped(fact)}</li>`).join('')}</ul>
<p>Made by <code>${escaped(command)}</code></p>
${plots.map((plot) => `<figure>${plot}</figure>`).join('\n')}
<div class="scroll"><table><thead><tr>${cells('th', columns)}</tr></thead>
<tbody>${rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('\n')}</tbody></table></div>
<h2>All faults, in order</h2>
<ol>${episodes.map(item).join('\n')}</ol>
</body></html>
`;
}

function item(episode: Episode): string {
  const [at, experiment, what] = told(episode);
  return `<li>${at} <strong>${escaped(experiment)}</strong>: ${escaped(what)}</li>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
