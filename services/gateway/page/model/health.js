/**
 * @typedef {import('@witan/api').Section} Section
 * @typedef {import('@witan/api').Elder} Elder
 *
 * What a section's figures mean for the person who looks: can it sign, and how many more elders may fail.
 * @typedef {object} Health
 * @property {'whole' | 'reduced' | 'edge' | 'lost'} level
 * @property {number} total elders
 * @property {number} live
 * @property {number} able live elders that hold a usable share
 * @property {number} threshold
 * @property {number} margin able − threshold; negative: as many are missed
 * @property {Elder[]} missing elders that cannot sign now
 */

/**
 * @param {Section} section
 * @returns {Health}
 */
export function healthOf(section) {
  const { elders, threshold } = section;
  const able = elders.filter((elder) => elder.live && elder.usableShare).length;
  const margin = able - threshold;
  return {
    level: levelOf(margin, elders.length - able),
    total: elders.length,
    live: elders.filter((elder) => elder.live).length,
    able,
    threshold,
    margin,
    missing: elders.filter((elder) => !(elder.live && elder.usableShare)),
  };
}

/**
 * @param {number} margin
 * @param {number} absent
 */
function levelOf(margin, absent) {
  if (margin < 0) return 'lost';
  if (absent === 0) return 'whole';
  return margin === 0 ? 'edge' : 'reduced';
}

/** @type {Record<Health['level'], string>} one word, beside every colour that means the same */
export const LEVEL_WORD = { whole: 'Whole', reduced: 'Reduced', edge: 'At the edge', lost: 'No quorum' };

/** @param {Health} health */
export function headline(health) {
  switch (health.level) {
    case 'whole':
      return 'The section is whole.';
    case 'reduced':
      return `The section signs without ${health.missing.length} of its elders.`;
    case 'edge':
      return 'The section signs, and may lose no further elder.';
    case 'lost':
      return 'The section cannot sign.';
  }
}

/** @param {Health} health */
export function margins(health) {
  if (health.margin < 0) {
    const needed = -health.margin;
    return `${needed} more ${needed === 1 ? 'elder has' : 'elders have'} to return before it can.`;
  }
  if (health.margin === 0) return 'Not one of them may fail.';
  return `${health.margin} of them may fail.`;
}
