import { type Allowance, allowAnswer, QUESTIONS_PER_SECOND } from '@witan/anti-entropy';
import type { Turn } from './turn.ts';

/** Participants and a few who follow. */
const QUESTIONS = { perSecond: QUESTIONS_PER_SECOND, peersMax: 256 };
/** Participants alone ask for their share, and each answer is a lot of arithmetic. */
const REPAIRS = { perSecond: 8, peersMax: 256 };

/** Whether `peer` has had its share of answers of anti-entropy for now. */
export function isLimited(turn: Turn, peer: string): boolean {
  return hasHad(turn, 'answered', peer, QUESTIONS);
}

/** Whether `peer` has been helped to its share often enough for now. What else it asks does not count. */
export function isHelped(turn: Turn, peer: string): boolean {
  return hasHad(turn, 'helped', peer, REPAIRS);
}

function hasHad(turn: Turn, of: 'answered' | 'helped', peer: string, allowance: Allowance): boolean {
  const { progress } = turn.state;
  const counted = allowAnswer(progress[of], peer, turn.at, allowance);
  if (counted) turn.update({ progress: { ...progress, [of]: counted } });
  return counted === undefined;
}
