/**
 * The gateway's clock as far as the page knows it: what the `Date` header of an answer said, against this machine's.
 * "3 s ago" is then true on a phone whose clock is two minutes off.
 */
let skewMs = 0;

/** @param {string | null} header */
export function learn(header) {
  const theirs = header === null ? Number.NaN : Date.parse(header);
  if (Number.isNaN(theirs)) return;
  // The header has whole seconds: half a second is the best guess for the rest, and small differences are no skew.
  const difference = theirs + 500 - Date.now();
  skewMs = Math.abs(difference) < 2000 ? 0 : difference;
}

export function now() {
  return Date.now() + skewMs;
}

/** @type {Set<() => void>} */
const watchers = new Set();
let timer = 0;

/**
 * Calls back about once a second, as long as the page is visible, with one timer for all.
 * @param {() => void} watcher
 * @returns {() => void} stops it
 */
export function everySecond(watcher) {
  watchers.add(watcher);
  timer ||= window.setInterval(tick, 1000);
  return () => {
    watchers.delete(watcher);
    if (watchers.size > 0) return;
    window.clearInterval(timer);
    timer = 0;
  };
}

function tick() {
  if (document.visibilityState === 'hidden') return;
  for (const watcher of watchers) watcher();
}
