import { short } from '../lib/format.js';
import { cx, html } from '../lib/ui.js';
import { houseMark } from '../model/marks.js';
import { bandAt, xIn } from '../model/scale.js';
import { LANE_WORD } from '../model/timeline.js';
import { BlameMark, Glyph, RepairMark } from './glyph.js';

/**
 * @typedef {import('../model/timeline.js').Lane} LaneModel
 * @typedef {import('../model/scale.js').Placed} Placed
 * @typedef {import('./dimensions.js').Dimensions} Dimensions
 */

/**
 * @param {{
 *   lane: LaneModel, y: number, size: Dimensions, placed: Placed[], spot: number | null, onSpot: (phase: number) => void
 * }} props
 */
export function Lane({ lane, y, size, placed, spot, onSpot }) {
  const { hue } = houseMark(lane.name);
  const first = /** @type {Placed} */ (placed[0]);
  const last = /** @type {Placed} */ (placed.at(-1));
  const here = spot === null ? null : placed[spot];
  return html`<g class=${cx('lane', `hue-${hue}`, lane.state, spot !== null && 'active')} data-participant=${lane.name} data-state=${lane.state}>
    <rect class="lane-ground" x="0" y=${y - size.lane / 2} width=${last.x1 + size.right} height=${size.lane} />
    ${here && html`<rect class="lane-spot" x=${here.x0 + 1} y=${y - size.lane / 2 + 1} width=${here.x1 - here.x0 - 2} height=${size.lane - 2} rx="4" />`}
    <line class="lane-line" x1=${first.x0} x2=${reach(lane, placed)} y1=${y} y2=${y} />
    <${LaneHead} lane=${lane} y=${y} size=${size} />
    ${lane.cells.map((cell, index) => {
      const band = /** @type {Placed} */ (placed[index]);
      return html`<${Glyph} key=${cell.phase} state=${cell.state} x=${whereabouts(cell, band)} y=${y} r=${size.r} />`;
    })}
    ${lane.repairs.map((repair) => {
      const band = bandAt(placed, repair.time);
      return (
        band &&
        html`<${RepairMark} key=${repair.at} x=${xIn(band, repair.time, 14)} y=${y - size.r * 1.6} r=${size.r} count=${repair.recovered} />`
      );
    })}
    ${lane.cells.map((cell, index) => {
      const band = /** @type {Placed} */ (placed[index]);
      return (
        cell.blame && html`<${BlameMark} key=${cell.phase} x=${(band.x0 + band.x1) / 2 - size.r} y=${y} r=${size.r} />`
      );
    })}
    <${LaneTail} lane=${lane} x=${last.x1} y=${y} size=${size} />
    ${placed.map(
      ({ band, x0, x1 }, index) => html`<rect
        key=${band.name} class="touch" x=${x0} y=${y - size.lane / 2} width=${x1 - x0} height=${size.lane}
        onPointerEnter=${() => onSpot(index)} onPointerDown=${() => onSpot(index)}
      />`,
    )}
  </g>`;
}

/** @param {{ lane: LaneModel, y: number, size: Dimensions }} props */
function LaneHead({ lane, y, size }) {
  const { path } = houseMark(lane.name);
  const r = Math.min(11, size.lane * 0.42);
  const x = size.named ? r + 4 : r + 2;
  return html`<g class="mark">
    <title>${lane.name}</title>
    <circle cx=${x} cy=${y} r=${r} />
    ${r >= 8 && html`<path d=${path} transform=${`translate(${x} ${y}) scale(${(r * 1.5) / 24}) translate(-12 -12)`} />`}
    ${size.named && html`<text class="lane-name" x=${x + r + 8} y=${y + 4.5}>${short(lane.name)}</text>`}
  </g>`;
}

/** How the participant stands now; nothing where all is as it should be. @param {{ lane: LaneModel, x: number, y: number, size: Dimensions }} props */
function LaneTail({ lane, x, y, size }) {
  if (lane.state === 'ok') return null;
  const left = x + (size.named ? 10 : 4);
  const shape = {
    done: 'M-4 .4l2.7 2.6 5.3-6',
    waiting: 'M-3.5-4.5h7l-7 9h7z',
    silent: 'M-4-4l8 8M4-4l-8 8',
    blamed: 'M-3 5v-10l7.5 2.8-7.5 2.8',
  };
  return html`<g class="lane-tail">
    <path d=${shape[lane.state]} transform=${`translate(${left + 6} ${y})`} />
    ${size.named && html`<text x=${left + 17} y=${y + 4.5}>${LANE_WORD[lane.state]}</text>`}
  </g>`;
}

/**
 * What was sent lies at its time; what was not, at the end of its phase: where it was missed.
 * @param {LaneModel['cells'][number]} cell
 * @param {Placed} placed
 */
function whereabouts(cell, placed) {
  if (cell.at !== null) return xIn(placed, cell.at);
  return placed.x1 - 10;
}

/**
 * As far as the session has come.
 * @param {LaneModel} lane
 * @param {Placed[]} placed
 */
function reach(lane, placed) {
  const begun = placed.filter((_, index) => lane.cells[index]?.state !== 'ahead');
  return begun.at(-1)?.x1 ?? placed[0]?.x0 ?? 0;
}
