import type { DashboardSpec, PanelSpec } from '../../deploy/grafana/src/index.ts';
import { withoutVariables } from './panel-queries.ts';
import type { Curve, Prometheus } from './prometheus.ts';

interface Series {
  readonly name: string;
  readonly points: Curve['points'];
}

interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

const COLUMN = 50;
const ROW_HEIGHT = 190;
const NUMBER_HEIGHT = 90;
const ROW_TITLE = 24;
const LEGEND_WIDTH = 125;
/** A series that says nothing for so long has ended. */
const GAP_MS = 4000;
const HUES = [150, 45, 210, 20, 270, 330, 95, 185, 0, 240];
const colour = (index: number): string => `hsl(${HUES[index % HUES.length]} 60% 55%)`;
const text = (x: number, y: number, what: string, more = ''): string =>
  `<text x="${x}" y="${y}" ${more}>${what.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`;

/**
 * What a dashboard shows, as SVG, drawn from what a Prometheus answers to its queries. It is no picture of Grafana:
 * arrangement, titles, queries and data are those of the dashboard, the drawing is not.
 */
export async function drawDashboard(prometheus: Prometheus, dashboard: DashboardSpec, span: Span): Promise<string> {
  const parts: string[] = [];
  let [x, y, tallest] = [0, 36, 0];
  for (const { title, panels } of dashboard.rows) {
    [x, y, tallest] = [0, y + tallest + ROW_TITLE, 0];
    parts.push(text(8, y - 5, title, 'fill="#8e8e99" font-size="13"'));
    for (const panel of panels) {
      const [width, height] = [panel.width * COLUMN, panel.kind === 'number' ? NUMBER_HEIGHT : ROW_HEIGHT];
      if (x + width > 24 * COLUMN) [x, y, tallest] = [0, y + tallest, 0];
      const drawn = drawPanel(panel, await seriesOf(prometheus, panel, span), span, width - 8, height - 8);
      parts.push(`<g transform="translate(${x + 4} ${y + 4})">${drawn}</g>`);
      [x, tallest] = [x + width, Math.max(tallest, height)];
    }
  }
  const whole = [24 * COLUMN, y + tallest + 8];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${whole.join(' ')}" font-family="sans-serif" font-size="11">
<title>${dashboard.title}</title>
<rect width="100%" height="100%" fill="#111217"/>
<g fill="#ccccdc">${text(8, 26, dashboard.title, 'font-size="17"')}
${text(24 * COLUMN - 8, 26, `real data of ${Math.round((span.endMs - span.startMs) / 1000)} s, not drawn by Grafana`, 'text-anchor="end" fill="#8e8e99"')}
${parts.join('\n')}</g>
</svg>
`;
}

async function seriesOf(prometheus: Prometheus, { queries }: PanelSpec, span: Span): Promise<Series[]> {
  const answers = queries.map(async ({ expr, legend }) => {
    const curves = await prometheus.range(withoutVariables(expr, '15s'), span.startMs, span.endMs);
    return curves.map(({ metric, points }) => ({
      name: legend.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? ''),
      points: points.filter(([, value]) => Number.isFinite(value)),
    }));
  });
  return (await Promise.all(answers)).flat().filter(({ points }) => points.length > 0);
}

function drawPanel(panel: PanelSpec, series: readonly Series[], span: Span, width: number, height: number): string {
  const frame = `<rect width="${width}" height="${height}" rx="3" fill="#181b1f" stroke="#2c2f36"/>`;
  const title = text(8, 17, panel.title, 'font-weight="bold"');
  const area = { x: 46, y: 28, width: width - 56, height: height - 62 };
  const draw = { number: drawNumber, graph: drawGraph, states: drawStates, table: drawTable }[panel.kind];
  return `${frame}${title}${draw(panel, series, span, area)}`;
}

interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const last = ({ points }: Series): number => points.at(-1)?.[1] ?? Number.NaN;

function readable(value: number, unit: PanelSpec['unit']): string {
  if (unit === 'percentunit') return `${Number((value * 100).toPrecision(3))} %`;
  if (unit === 's')
    return value !== 0 && Math.abs(value) < 1
      ? `${Number((value * 1000).toPrecision(3))} ms`
      : `${Number(value.toPrecision(3))} s`;
  if ((unit === 'bytes' || unit === 'Bps') && value >= 1e6) return `${Number((value / 1e6).toPrecision(3))} MB`;
  return `${Number(value.toPrecision(3))}`;
}

function drawNumber({ unit }: PanelSpec, series: readonly Series[]): string {
  const shown = series.map((one) => readable(last(one), unit)).join(' / ') || 'no data';
  return text(8, 58, shown, 'font-size="28" fill="#73bf69"');
}

function drawGraph({ unit }: PanelSpec, series: readonly Series[], { startMs, endMs }: Span, area: Area): string {
  const values = series.flatMap(({ points }) => points.map(([, value]) => value));
  const [low, top] = [Math.min(0, ...values), Math.max(...values, 0)];
  const high = top === low ? low + 1 : top;
  const at = ([ms, value]: readonly [number, number]): string => {
    const x = area.x + ((ms - startMs) / (endMs - startMs)) * area.width;
    return `${x.toFixed(1)},${(area.y + area.height * (1 - (value - low) / (high - low))).toFixed(1)}`;
  };
  const axis = [low, (low + high) / 2, high].map((value) => {
    const y = Number(at([startMs, value]).split(',')[1]);
    const label = text(area.x - 4, y + 4, readable(value, unit), 'text-anchor="end" fill="#8e8e99" font-size="10"');
    return `<path d="M${area.x} ${y}h${area.width}" stroke="#2c2f36"/>${label}`;
  });
  const lines = series.map(
    ({ points }, index) => `<polyline fill="none" stroke="${colour(index)}" points="${points.map(at).join(' ')}"/>`,
  );
  return [...axis, ...lines, legend(series, area)].join('');
}

/** The first of the series by name, as many as there is room for; how many more there are. */
function legend(series: readonly Series[], { x, y, width, height }: Area): string {
  const room = Math.trunc((width + 38) / LEGEND_WIDTH);
  const names = series.slice(0, room).map(({ name }, index) => {
    const place = x - 38 + index * LEGEND_WIDTH;
    const short = name.length > 22 ? `${name.slice(0, 21)}…` : name;
    return text(place, y + height + 24, short, `fill="${colour(index)}" font-size="9"`);
  });
  const more = series.length - room;
  return `${names.join('')}${more > 0 ? text(x + width, y - 11, `+ ${more}`, 'text-anchor="end" fill="#8e8e99" font-size="9"') : ''}`;
}

function drawStates(
  { words = {} }: PanelSpec,
  series: readonly Series[],
  { startMs, endMs }: Span,
  area: Area,
): string {
  const height = area.height / Math.max(1, series.length);
  const keys = Object.keys(words);
  const strips = series.map(({ points }, row) =>
    points
      .map(([ms, value], index) => {
        const [from, to] = [ms, Math.min(points[index + 1]?.[0] ?? endMs, ms + GAP_MS, endMs)].map(
          (each) => ((each - startMs) / (endMs - startMs)) * area.width,
        );
        const fill = value === 0 ? '#2c2f36' : colour(keys.indexOf(String(value)));
        return `<rect x="${(area.x + from!).toFixed(1)}" y="${(area.y + row * height + 1).toFixed(1)}" width="${(to! - from!).toFixed(1)}" height="${(height - 1).toFixed(1)}" fill="${fill}"/>`;
      })
      .join(''),
  );
  const seen = new Set(series.flatMap(({ points }) => points.map(([, value]) => String(value))));
  const shown = keys.filter((key) => seen.has(key));
  const names = shown.map((key, index) =>
    text(
      area.x + (index * area.width) / shown.length,
      area.y + area.height + 24,
      words[key]!,
      `font-size="9" fill="${key === '0' ? '#8e8e99' : colour(keys.indexOf(key))}"`,
    ),
  );
  return [...strips, ...names].join('');
}

function drawTable(_: PanelSpec, series: readonly Series[], { endMs }: Span, area: Area): string {
  const now = series.filter(({ points }) => endMs - (points.at(-1)?.[0] ?? 0) < 10_000);
  return (
    now
      .slice(0, 8)
      .map(({ name }, row) => text(8, area.y + 16 + row * 16, name))
      .join('') || text(8, area.y + 16, 'none now')
  );
}
