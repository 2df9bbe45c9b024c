/**
 * @typedef {object} Dimensions in CSS pixels
 * @property {boolean} compact a phone: marks without names, phases by short names
 * @property {number} left of the plot: the participants
 * @property {number} right of the plot: how each of them stands
 * @property {number} top of the lanes: the phases' heads
 * @property {number} lane height
 * @property {number} r radius of a sign
 * @property {number} plotWidth
 * @property {number} leastBand
 * @property {number} height of everything
 */

const COMPACT_BELOW = 640;
const AXIS = 26;

/**
 * @param {number} width
 * @param {number} lanes
 * @returns {Dimensions}
 */
export function dimensions(width, lanes) {
  const compact = width < COMPACT_BELOW;
  const left = compact ? 30 : 158;
  const right = compact ? 20 : 92;
  const top = compact ? 62 : 74;
  const lane = lanes <= 10 ? 34 : lanes <= 20 ? 26 : 20;
  return {
    compact,
    left,
    right,
    top,
    lane,
    r: Math.min(compact ? 4.6 : 5.4, lane * 0.2),
    plotWidth: width - left - right,
    leastBand: compact ? 42 : 108,
    height: top + lanes * lane + AXIS,
  };
}
