import { everySecond, now } from '../lib/clock.js';
import { ago, dateTime } from '../lib/format.js';
import { html, useEffect, useState } from '../lib/ui.js';

/** The gateway's time, again every second. */
export function useNow() {
  const [time, setTime] = useState(now);
  useEffect(() => everySecond(() => setTime(now())), []);
  return time;
}

/** "12 s ago", kept true while it is on the screen. @param {{ at: number }} props */
export function Ago({ at }) {
  const time = useNow();
  return html`<time class="numeric nowrap" datetime=${new Date(at).toISOString()} title=${dateTime(at)}>${ago(time - at)}</time>`;
}

const FRAME_MS = 120;
const CALM_FRAME_MS = 1000;

/**
 * The gateway's time, often enough for a chart that grows; at rest when nothing does.
 * @param {boolean} running
 */
export function useFrameTime(running) {
  const [time, setTime] = useState(now);
  useEffect(() => {
    if (!running) return;
    const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    const timer = window.setInterval(() => setTime(now()), calm ? CALM_FRAME_MS : FRAME_MS);
    return () => window.clearInterval(timer);
  }, [running]);
  return time;
}
