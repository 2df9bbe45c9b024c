import { allowAnswer, QUESTIONS_PER_SECOND } from '@witan/anti-entropy';
import type { Turn } from './turn.ts';

/** Participants and a few who follow. */
const QUESTIONS = { perSecond: QUESTIONS_PER_SECOND, peersMax: 256 };
/** Participants alone ask for their share, and each answer is a lot of arithmetic. */
const REPAIRS = { perSecond: 8, peersMax: 256 };

/** Whether `peer` has had its share of answers of anti-entropy for now. */
export function isLimited(turn: Turn, peer: string): boolean {
  const { progress } = turn.state;
  const answered = allowAnswer(progress.answered, peer, turn.at, QUESTIONS);
  if (answered) turn.update({ progress: { ...progress, answered } });
  return answered === undefined;
}

/** Whether `peer` has been helped to its share often enough for now. What else it asks does not count. */
export function isHelped(turn: Turn, peer: string): boolean {
  const { progress } = turn.state;
  const helped = allowAnswer(progress.helped, peer, turn.at, REPAIRS);
  if (helped) turn.update({ progress: { ...progress, helped } });
  return helped === undefined;
}
