/** Pure functions from values to the words a person reads. Nothing here knows the API or the DOM. */

/**
 * A name, key, hash or signature short enough to say aloud; the whole of it is one click away.
 * @param {string} hex
 */
export function short(hex) {
  return hex.length <= 13 ? hex : `${hex.slice(0, 6)}…${hex.slice(-4)}`;
}

/**
 * @param {number} ms
 * @returns {string} e.g. `0 ms`, `14 ms`, `2.4 s`, `3 min 05 s`, `2 h 10 min`
 */
export function duration(ms) {
  if (!Number.isFinite(ms)) return '–';
  const abs = Math.max(0, ms);
  if (abs < 999.5) return `${Math.round(abs)} ms`;
  if (abs < 9_950) return `${(abs / 1000).toFixed(1)} s`;
  const seconds = Math.round(abs / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
  return `${Math.floor(hours / 24)} days`;
}

/**
 * @param {number} ms since it happened; small negative values are clock skew
 */
export function ago(ms) {
  if (!Number.isFinite(ms)) return 'never';
  if (ms < 1500) return 'just now';
  if (ms < 60_000) return `${Math.round(ms / 1000)} s ago`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ago`;
  if (ms < 172_800_000) return `${Math.floor(ms / 3_600_000)} h ago`;
  return `${Math.floor(ms / 86_400_000)} days ago`;
}

/** @param {number} at milliseconds since the epoch */
export function clock(at) {
  return new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

/** @param {number} at milliseconds since the epoch */
export function dateTime(at) {
  return new Date(at).toLocaleString([], { dateStyle: 'medium', timeStyle: 'medium' });
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function plural(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

/**
 * `a`, `a and b`, `a, b and 3 more`.
 * @param {readonly string[]} items
 * @param {number} [most] how many are named before the rest is counted
 */
export function list(items, most = 3) {
  if (items.length <= 1) return items[0] ?? '';
  if (items.length > most) return `${items.slice(0, most - 1).join(', ')} and ${items.length - most + 1} more`;
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}
