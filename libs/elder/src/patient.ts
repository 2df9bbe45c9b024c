import { WitanError } from '@witan/errors';
import type { Clock } from '@witan/runtime';
import type { Transport } from './transport.ts';

/** Most sessions are over by then, and a phase that waits for a coordinator waits for a deadline first. */
const BUNDLE_MS = 250;
/** More in one bundle are lost, as they may be anyway: of what is said in sessions, and of decisions. */
const MOST_WAITING = 4096;
const MOST_BYTES = 16 * 1024 * 1024;

interface Waiting {
  readonly deliver: () => void;
  readonly isDecision: boolean;
}

/**
 * A transport that hands on decisions and the messages of sessions in bundles, in their order. A session needs nobody who
 * only watches, and ends sooner, on a machine that they share, if nobody verifies its start and each of its messages
 * meanwhile.
 *
 * @param onLost one more than a bundle has room for
 */
export function patient(transport: Transport, clock: Clock, onLost?: (error: WitanError) => void): Transport {
  let waiting: Waiting[] = [];
  // A flood of the one leaves room for the other.
  let room = { decisions: full(), sessions: full() };
  const handOn = (due: readonly Waiting[], from = 0): void => {
    for (let at = from; at < due.length; at++) {
      const { deliver, isDecision } = due[at]!;
      deliver();
      if (!isDecision) continue;
      // What a decision starts is there before it hears what is said in it.
      clock.defer(() => handOn(due, at + 1));
      return;
    }
  };
  const handOnAll = () => {
    const due = waiting;
    waiting = [];
    room = { decisions: full(), sessions: full() };
    handOn(due);
  };
  return {
    ...transport,
    subscribe: (pattern, handler) => {
      const isDecision = pattern.endsWith('.events');
      if (!isDecision && !pattern.includes('.dkg.')) return transport.subscribe(pattern, handler);
      transport.subscribe(pattern, (bytes, topic) => {
        if (waiting.length === 0) clock.setTimer(BUNDLE_MS, handOnAll);
        const left = isDecision ? room.decisions : room.sessions;
        if (left.count === 0 || left.bytes < bytes.length) {
          onLost?.(new WitanError('WITAN_ERR_RATE_LIMITED', `${topic}: more than is heard at once`));
          return;
        }
        left.count--;
        left.bytes -= bytes.length;
        waiting.push({ deliver: () => handler(bytes, topic), isDecision });
      });
    },
  };
}

function full(): { count: number; bytes: number } {
  return { count: MOST_WAITING, bytes: MOST_BYTES };
}
