/**
 * Keeps one resource fresh without asking for it more often than `gapMs`: however many events hint that it changed,
 * one request is under way at a time, and the last hint is never lost.
 * @param {() => Promise<void>} load
 * @param {number} gapMs
 */
export function refresher(load, gapMs) {
  let busy = false;
  let wanted = false;
  let waiting = false;

  async function run() {
    waiting = false;
    busy = true;
    wanted = false;
    try {
      await load();
    } finally {
      busy = false;
      if (wanted) later();
    }
  }

  function later() {
    if (waiting) return;
    waiting = true;
    window.setTimeout(run, gapMs);
  }

  return {
    /** Something changed. */
    hint() {
      if (busy) wanted = true;
      else later();
    },
  };
}
