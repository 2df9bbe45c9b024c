/** Time and turns, injected so that the simulator can make them up. */
export interface Clock {
  /** Milliseconds, monotonic; means nothing outside this process. */
  now(): number;
  setTimer(afterMs: number, fn: () => void): TimerHandle;
  clearTimer(handle: TimerHandle): void;
  /** Runs `fn` soon, after the code that is running now; in the order of the calls. */
  defer(fn: () => void): void;
}

export type TimerHandle = unknown;

/** Beyond this, `setTimeout` fires at once. */
const LONGEST_TIMEOUT_MS = 0x7fff_ffff;

/** The clock of the process. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer: (afterMs, fn) => setTimeout(fn, Math.min(Math.max(afterMs, 0), LONGEST_TIMEOUT_MS)),
  clearTimer: (handle) => clearTimeout(handle as NodeJS.Timeout),
  defer: (fn) => {
    setImmediate(fn);
  },
};
