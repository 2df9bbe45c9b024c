import { short } from '../lib/format.js';
import { cx, html } from '../lib/ui.js';
import { houseMark } from '../model/marks.js';

/**
 * @typedef {import('@witan/api').Elder} Elder
 * @typedef {import('../model/health.js').Health} Health
 */

const CENTRE = 170;
const SEATS = 138;
const SHARES = 97;
const LARGEST_SEAT = 24;
/** Below this radius a mark is a blot: the seat alone is drawn. */
const SMALLEST_MARKED = 8.5;

/**
 * The council: a seat for each elder in the order of its index, clockwise from the top. A whole seat is live, a broken
 * outline is not; the segment before it is solid when that elder holds a usable share.
 * @param {{ elders: readonly Elder[], health: Health, active: string | null, onActive: (name: string | null) => void }} props
 */
export function Ring({ elders, health, active, onActive }) {
  const radius = Math.min(LARGEST_SEAT, ((Math.PI * SEATS) / Math.max(elders.length, 1)) * 0.8);
  const label = `${health.able} of ${health.total} elders can sign, ${health.threshold} are needed`;
  return html`<svg class=${`ring ${health.level}`} viewBox="0 0 340 340" role="img" aria-label=${label}>
    <circle class="ring-table" cx=${CENTRE} cy=${CENTRE} r="78" />
    ${elders.map((elder, place) => html`<${Segment} key=${elder.name} elder=${elder} place=${place} seats=${elders.length} />`)}
    ${elders.map(
      (elder, place) => html`<${Seat}
        key=${elder.name} elder=${elder} place=${place} seats=${elders.length} radius=${radius}
        active=${active === elder.name} onActive=${onActive}
      />`,
    )}
    <text class="ring-figure" x=${CENTRE} y=${CENTRE + 10}>${health.able}<tspan class="ring-of" dx="3">/${health.total}</tspan></text>
    <text class="ring-word" x=${CENTRE} y=${CENTRE + 34}>can sign</text>
    <text class="ring-need" x=${CENTRE} y=${CENTRE - 38}>${health.threshold} needed</text>
  </svg>`;
}

/** @param {{ elder: Elder, place: number, seats: number, radius: number, active: boolean, onActive: (name: string | null) => void }} props */
function Seat({ elder, place, seats, radius, active, onActive }) {
  const { path, hue } = houseMark(elder.name);
  const { x, y } = at(place / seats, SEATS);
  const scale = (radius * 2 * 0.72) / 24;
  const shape = cx('seat', `hue-${hue}`, !elder.live && 'absent', active && 'active');
  return html`<g
    class=${shape} data-elder=${elder.name}
    onPointerEnter=${() => onActive(elder.name)} onPointerLeave=${() => onActive(null)}
  >
    <title>${describe(elder)}</title>
    ${active && html`<circle class="halo" cx=${x} cy=${y} r=${radius + 4} />`}
    <circle class="chair" cx=${x} cy=${y} r=${radius} />
    ${radius >= SMALLEST_MARKED && html`<path d=${path} transform=${`translate(${x} ${y}) scale(${scale}) translate(-12 -12)`} />`}
    ${!elder.live && html`<path class="gone" d=${cross(x + radius * 0.72, y + radius * 0.72, Math.max(3.5, radius * 0.2))} />`}
  </g>`;
}

/** @param {{ elder: Elder, place: number, seats: number }} props */
function Segment({ elder, place, seats }) {
  const gap = Math.min(0.012, 0.2 / seats);
  const from = seats === 1 ? 0.0 : (place - 0.5) / seats + gap;
  const to = seats === 1 ? 0.9999 : (place + 0.5) / seats - gap;
  const able = elder.live && elder.usableShare;
  return html`<path class=${cx('share', able ? 'able' : 'unable')} d=${arc(from, to, SHARES + 5, SHARES - 5)} />`;
}

/** @param {Elder} elder */
export function describe(elder) {
  const live = elder.live ? 'live' : 'not reachable';
  const share = elder.usableShare ? 'holds a usable share' : 'no usable share';
  return `Elder ${elder.index + 1}, ${short(elder.name)}, age ${elder.age}: ${live}, ${share}`;
}

/**
 * @param {number} turn 0 … 1 clockwise from the top
 * @param {number} radius
 */
function at(turn, radius) {
  const angle = turn * 2 * Math.PI;
  return { x: round(CENTRE + Math.sin(angle) * radius), y: round(CENTRE - Math.cos(angle) * radius) };
}

/**
 * @param {number} from
 * @param {number} to
 * @param {number} outer
 * @param {number} inner
 */
function arc(from, to, outer, inner) {
  const large = to - from > 0.5 ? 1 : 0;
  const [a, b, c, d] = [at(from, outer), at(to, outer), at(to, inner), at(from, inner)];
  return `M${a.x} ${a.y}A${outer} ${outer} 0 ${large} 1 ${b.x} ${b.y}L${c.x} ${c.y}A${inner} ${inner} 0 ${large} 0 ${d.x} ${d.y}Z`;
}

/**
 * @param {number} x
 * @param {number} y
 * @param {number} r
 */
function cross(x, y, r) {
  return `M${x - r} ${y - r}l${r * 2} ${r * 2}M${x + r} ${y - r}l${-r * 2} ${r * 2}`;
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 100) / 100;
}
