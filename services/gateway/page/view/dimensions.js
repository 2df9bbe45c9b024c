/**
 * @typedef {object} Dimensions in CSS pixels
 * @property {boolean} named there is room for the names of participants beside their marks
 * @property {boolean} brief phases go by their short names
 * @property {number} left of the plot: the participants
 * @property {number} right of the plot: how each of them stands
 * @property {number} top of the lanes: the phases' heads
 * @property {number} lane height
 * @property {number} r radius of a sign
 * @property {number} plotWidth
 * @property {number} leastBand
 * @property {number} height of everything
 */

const NAMED_FROM = 560;
const LEFT = 158;
const RIGHT = 92;
const FULL_BAND = 122;
const BRIEF_BAND = 42;
const PHASES = 6;
const AXIS = 26;

/**
 * @param {number} width
 * @param {number} lanes
 * @returns {Dimensions}
 */
export function dimensions(width, lanes) {
  const named = width >= NAMED_FROM;
  const left = named ? LEFT : 30;
  const right = named ? RIGHT : 20;
  const plotWidth = width - left - right;
  const brief = plotWidth < FULL_BAND * PHASES;
  const top = brief ? 62 : 74;
  const lane = lanes <= 10 ? 34 : lanes <= 20 ? 26 : 20;
  return {
    named,
    brief,
    left,
    right,
    top,
    lane,
    r: Math.min(named ? 5.4 : 4.6, lane * 0.2),
    plotWidth,
    leastBand: brief ? BRIEF_BAND : FULL_BAND,
    height: top + lanes * lane + AXIS,
  };
}
