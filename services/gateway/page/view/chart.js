import { duration } from '../lib/format.js';
import { cx, html, useLayoutEffect, useRef, useState } from '../lib/ui.js';
import { describeCell, laneLabel } from '../model/describe.js';
import { place } from '../model/scale.js';
import { PHASE_TEXT } from '../model/timeline.js';
import { BandHead } from './band-head.js';
import { dimensions } from './dimensions.js';
import { Lane } from './lane.js';

/**
 * @typedef {import('../model/timeline.js').Timeline} Timeline
 * @typedef {{ lane: number, phase: number }} Spot
 */

/**
 * A lane for each participant, time from left to right, a band for each phase. What a mark means is told below it, for
 * the pointer, for a finger and for the arrow keys alike.
 * @param {{ timeline: Timeline }} props
 */
export function Chart({ timeline }) {
  const frame = useRef(/** @type {HTMLDivElement | null} */ (null));
  const width = useWidth(frame);
  const [spot, setSpot] = useState(/** @type {Spot | null} */ (null));
  const lanes = timeline.lanes.length;
  const phases = timeline.bands.length;
  const shown = spot && timeline.lanes[spot.lane] ? spot : null;

  /** A finger that is lifted has not gone elsewhere: what it touched stays. @param {PointerEvent} event */
  const leave = (event) => {
    if (event.pointerType === 'mouse') setSpot(null);
  };

  /** @param {KeyboardEvent} event */
  const move = (event) => {
    const step = STEPS[event.key];
    if (event.key === 'Escape') setSpot(null);
    if (!step) return;
    event.preventDefault();
    const from = shown ?? { lane: 0, phase: 0 };
    setSpot(
      shown ? { lane: clamp(from.lane + step.lane, lanes), phase: clamp(from.phase + step.phase, phases) } : from,
    );
  };

  return html`<div class="chart">
    <div
      class="chart-frame" ref=${frame} tabindex="0" role="application" aria-labelledby="chart-label" aria-describedby="chart-readout"
      onKeyDown=${move} onPointerLeave=${leave}
    >
      <span id="chart-label" class="visually-hidden">
        Chart of the session, ${lanes} participants by ${phases} phases. The arrow keys move from one to the next; the table below says the same.
      </span>
      ${width > 0 && html`<${Drawing} timeline=${timeline} width=${width} spot=${shown} onSpot=${setSpot} />`}
    </div>
    <${Readout} timeline=${timeline} spot=${shown} />
  </div>`;
}

/** @type {Record<string, Spot>} */
const STEPS = {
  ArrowLeft: { lane: 0, phase: -1 },
  ArrowRight: { lane: 0, phase: 1 },
  ArrowUp: { lane: -1, phase: 0 },
  ArrowDown: { lane: 1, phase: 0 },
};

/** @param {{ timeline: Timeline, width: number, spot: Spot | null, onSpot: (spot: Spot) => void }} props */
function Drawing({ timeline, width, spot, onSpot }) {
  const size = dimensions(width, timeline.lanes.length);
  const placed = place(timeline.bands, size.plotWidth, size.leastBand).map((band) => ({
    ...band,
    x0: band.x0 + size.left,
    x1: band.x1 + size.left,
  }));
  const bottom = size.top + timeline.lanes.length * size.lane;
  return html`<svg class=${cx('lanes', size.brief && 'brief')} width=${width} height=${size.height} viewBox=${`0 0 ${width} ${size.height}`} aria-hidden="true">
    ${placed.map(
      ({ band, x0, x1 }, index) => html`<rect
        key=${band.name} class=${cx('band', band.state, index % 2 === 1 && 'odd')} x=${x0} y="0" width=${x1 - x0} height=${bottom}
      />`,
    )}
    ${timeline.lanes.map(
      (lane, index) => html`<${Lane}
        key=${lane.name} lane=${lane} y=${size.top + (index + 0.5) * size.lane} size=${size} placed=${placed}
        spot=${spot?.lane === index ? spot.phase : null} onSpot=${(/** @type {number} */ phase) => onSpot({ lane: index, phase })}
      />`,
    )}
    ${placed.map(({ band, x0, x1 }) => html`<${BandHead} key=${band.name} band=${band} x0=${x0} x1=${x1} size=${size} bottom=${bottom} />`)}
    <${Ticks} timeline=${timeline} placed=${placed} y=${bottom} brief=${size.brief} />
  </svg>`;
}

/** Time since the start, at the borders of the phases. @param {{ timeline: Timeline, placed: import('../model/scale.js').Placed[], y: number, brief: boolean }} props */
function Ticks({ timeline, placed, y, brief }) {
  let free = Number.NEGATIVE_INFINITY;
  return html`<g class="ticks">
    ${placed.map(({ band, x0, x1 }, index) => {
      if (band.start === null) return null;
      const end = band.end ?? (band.state === 'cut' || band.state === 'open' ? timeline.end : null);
      const first = index === 0 && html`<text x=${x0} y=${y + 18} class="first">0</text>`;
      const text = end === null ? '' : duration(end - timeline.start);
      const half = text.length * (brief ? 3 : 3.4);
      if (text === '' || x1 - half < free) return first;
      free = x1 + half + 6;
      return html`${first}<text x=${x1} y=${y + 18} class=${index === placed.length - 1 ? 'last' : ''}>${text}</text>`;
    })}
  </g>`;
}

/** @param {{ timeline: Timeline, spot: Spot | null }} props */
function Readout({ timeline, spot }) {
  const lane = spot && timeline.lanes[spot.lane];
  const band = spot && timeline.bands[spot.phase];
  return html`<p class="readout" id="chart-readout" role="status">
    ${
      lane && band
        ? html`<strong>${laneLabel(lane)}, ${PHASE_TEXT[band.name].title}.</strong> ${describeCell(timeline, lane, spot.phase)}`
        : html`<span class="muted">Choose a lane by pointer, finger or arrow keys to read what happened there.</span>`
    }
  </p>`;
}

/**
 * @param {{ current: HTMLElement | null }} ref
 * @returns {number} the element's inner width, 0 before it is known
 */
function useWidth(ref) {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    const measure = () => setWidth(Math.floor(element.clientWidth));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return width;
}

/**
 * @param {number} value
 * @param {number} count
 */
function clamp(value, count) {
  return Math.min(count - 1, Math.max(0, value));
}
