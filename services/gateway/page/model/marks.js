/**
 * What stands for a name or a key where a person has to tell many apart: a *house mark* for a node (a stave with three
 * branches, as people once signed who could not write) and a *seal* for a section key. Both are drawn from the hex
 * alone, so the same node looks the same on every page and every machine.
 */

export const HUES = 14;

/**
 * FNV-1a with a final mix. Names are hashes, but fixtures and truncated names are not: neighbours must still differ.
 * @param {string} text
 * @returns {() => number} an endless stream of unsigned 32-bit numbers, the same for the same text
 */
function stream(text) {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let x = state;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return (x ^ (x >>> 16)) >>> 0;
  };
}

/**
 * @param {string} text
 * @returns {number} 0 … HUES-1: an index into the colours of `styles/marks.css`
 */
export function hueOf(text) {
  return stream(text)() % HUES;
}

const ANCHORS = [6.2, 10.2, 14.2, 18];
const REACH = 5.8;
const RISE = 3.4;

/** Where a branch can grow: a side of the stave and a height. One branch a place, so that no two run into each other. */
const PLACES = [-1, 1].flatMap((side) => ANCHORS.map((y) => ({ side, y })));

const ENDS = ['', 'M9 21L12 17.8L15 21', 'M8.6 3H15.4', 'M8.6 21H15.4'];

/**
 * @param {string} name
 * @returns {{ path: string, hue: number }} strokes in a 24 × 24 box
 */
export function houseMark(name) {
  const next = stream(name);
  const hue = hueOf(name);
  next(); // It took the first number.
  const left = [...PLACES];
  let path = 'M12 3V21';
  for (let i = 0; i < 3; i++) {
    const [branch] = left.splice(next() % left.length, 1);
    if (!branch) break;
    path += `M12 ${branch.y}L${12 + branch.side * REACH} ${round(branch.y + slope(branch.y, next()) * RISE)}`;
  }
  return { path: path + ENDS[next() % ENDS.length], hue };
}

/**
 * Up, level or down, but not out of the box.
 * @param {number} y
 * @param {number} chance
 */
function slope(y, chance) {
  const slopes = [-1, 0, 1].filter((rise) => y + rise * RISE >= 2.6 && y + rise * RISE <= 21.4);
  return slopes[chance % slopes.length] ?? 0;
}

const TEETH = 14;

/**
 * @param {string} key
 * @returns {{ rim: string, rays: string, hue: number }} the wavy rim and the rays inside it, in a 32 × 32 box
 */
export function seal(key) {
  const next = stream(key);
  const hue = next() % HUES;
  const rim = [];
  const steps = TEETH * 2;
  for (let i = 0; i < steps; i++) {
    const radius = i % 2 === 0 ? 15.4 : 13.4;
    rim.push(point(i / steps, radius));
  }
  let rays = '';
  for (let i = 0; i < 12; i++) {
    const length = next() % 4;
    if (length === 0) continue;
    rays += `M${point(i / 12, 3.6)}L${point(i / 12, 4.6 + length * 2)}`;
  }
  return { rim: `M${rim.join('L')}Z`, rays, hue };
}

/**
 * @param {number} turn 0 … 1 clockwise from the top
 * @param {number} radius
 */
function point(turn, radius) {
  const angle = turn * 2 * Math.PI;
  return `${round(16 + Math.sin(angle) * radius)} ${round(16 - Math.cos(angle) * radius)}`;
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 100) / 100;
}
