/**
 * Keeps one resource fresh without asking for it more often than `gapMs`: however many events hint that it changed,
 * one request is under way at a time, and the last hint is never lost.
 * @param {() => Promise<void>} load
 * @param {number} gapMs
 */
export function refresher(load, gapMs) {
  let busy = false;
  let wanted = false;
  let timer = 0;

  async function run() {
    timer = 0;
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
    timer ||= window.setTimeout(run, gapMs);
  }

  return {
    /** Something changed. */
    hint() {
      if (busy) wanted = true;
      else later();
    },
  };
}
