import type { Clock } from '@witan/runtime';
import type { Transport } from './transport.ts';

/** Most sessions are over by then, and a phase that waits for a coordinator waits for a deadline first. */
const BUNDLE_MS = 250;
/** More in one bundle are lost, as they may be anyway. */
const MOST_WAITING = 4096;
const MOST_BYTES = 16 * 1024 * 1024;

/**
 * A transport that hands on the messages of sessions in bundles. A session needs nobody who only watches, and ends sooner,
 * on a machine that they share, if nobody verifies each of its messages meanwhile.
 */
export function patient(transport: Transport, clock: Clock): Transport {
  let waiting: (() => void)[] = [];
  let bytesWaiting = 0;
  const handOn = () => {
    const due = waiting;
    waiting = [];
    bytesWaiting = 0;
    for (const deliver of due) deliver();
  };
  return {
    ...transport,
    subscribe: (pattern, handler) => {
      if (!pattern.includes('.dkg.')) return transport.subscribe(pattern, handler);
      transport.subscribe(pattern, (bytes, topic) => {
        if (waiting.length === 0) clock.setTimer(BUNDLE_MS, handOn);
        if (waiting.length >= MOST_WAITING || bytesWaiting + bytes.length > MOST_BYTES) return;
        waiting.push(() => handler(bytes, topic));
        bytesWaiting += bytes.length;
      });
    },
  };
}
