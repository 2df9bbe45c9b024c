import { decode, encode, type Unverified } from '@witan/wire';
import { ask } from './asking.ts';
import { holdings, holdingsCodec } from './holdings.ts';
import { isPhase } from './phases.ts';
import type { Received } from './receive.ts';
import type { Turn } from './turn.ts';

/*
 * A phase that runs to its deadline tells for whom the next one waits: for those who are there. Who has spoken in it and
 * died since would be waited for once more, so everybody says shortly before the deadline that it still is.
 */

/** When a participant says that it is there, as a share of the deadline: late enough to tell, early enough to be heard. */
export const PRESENCE_AT = 0.75;

/** Tells all what this participant has, as it tells one whom it asks. Nobody need answer. */
export function showPresence(turn: Turn): void {
  const { state } = turn;
  if (state.me < 0 || state.closes[state.phase]) return;
  turn.broadcast(turn.sign('dkgHoldings', encode(holdingsCodec, holdings(state))));
}

export function receivePresence(turn: Turn, peeked: Unverified): Received {
  const { state } = turn;
  const { session, phase } = decode(holdingsCodec, peeked.body);
  if (Buffer.compare(session, state.session.idBytes) !== 0) return 'wrong-session';
  if (!isPhase(phase)) return 'malformed';
  const sender = state.session.indexOf.get(peeked.author);
  if (sender === undefined) return 'not-participant';
  if (phase < state.phase || state.closes[phase]) return 'late';
  if (state.present.has(sender)) return 'duplicate';
  const signed = peeked.verify();
  // Who is there in a later phase has what is missing here.
  if (phase > state.phase) ask(turn, signed.author, 'later-phase');
  else notePresence(turn, sender);
  return 'new';
}

export function notePresence(turn: Turn, sender: number): void {
  const { present } = turn.state;
  if (!present.has(sender)) turn.update({ present: new Set(present).add(sender) });
}
