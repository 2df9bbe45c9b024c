/**
 * Where a moment lies on the chart. Time is linear inside a phase and between phases as far as that goes, but no phase
 * is narrower than `minWidth`: one that took 4 ms beside one that waited 2 s for its deadline must still be readable.
 *
 * @typedef {import('./timeline.js').Band} Band
 * @typedef {{ band: Band, x0: number, x1: number }} Placed
 */

/**
 * @param {readonly Band[]} bands
 * @param {number} width
 * @param {number} minWidth
 * @returns {Placed[]}
 */
export function place(bands, width, minWidth) {
  const least = Math.min(minWidth, width / Math.max(1, bands.length));
  const widths = fill(
    bands.map((band) => band.durationMs),
    width,
    least,
  );
  let x = 0;
  return bands.map((band, index) => {
    const x0 = x;
    x += widths[index] ?? 0;
    return { band, x0, x1: x };
  });
}

/**
 * Shares `width` in proportion to `weights`, raising whoever falls below `least` and sharing the rest again.
 * @param {number[]} weights
 * @param {number} width
 * @param {number} least
 */
function fill(weights, width, least) {
  const widths = weights.map(() => least);
  let free = new Set(weights.keys());
  for (;;) {
    const room = width - least * (weights.length - free.size);
    const total = [...free].reduce((sum, index) => sum + (weights[index] ?? 0), 0);
    const unit = total > 0 ? room / total : 0;
    const small = [...free].filter((index) => (weights[index] ?? 0) * unit < least);
    if (small.length === 0) {
      for (const index of free) widths[index] = (weights[index] ?? 0) * unit;
      return widths;
    }
    if (small.length === free.size) {
      for (const index of free) widths[index] = room / free.size;
      return widths;
    }
    free = new Set([...free].filter((index) => !small.includes(index)));
  }
}

/**
 * A little room is kept at both ends, so that a mark never sits on a phase's border.
 * @param {Placed} placed
 * @param {number} at
 * @param {number} [inset]
 */
export function xIn({ band, x0, x1 }, at, inset = 9) {
  const left = x0 + inset;
  const right = Math.max(left, x1 - inset);
  if (band.start === null || band.durationMs <= 0) return (left + right) / 2;
  const share = (at - band.start) / band.durationMs;
  return left + Math.min(1, Math.max(0, share)) * (right - left);
}

/**
 * The band that a moment belongs to: the last one begun by then, the first one for anything earlier.
 * @param {readonly Placed[]} placed
 * @param {number} at
 */
export function bandAt(placed, at) {
  let found = placed[0];
  for (const entry of placed) if (entry.band.start !== null && entry.band.start <= at) found = entry;
  return found;
}
