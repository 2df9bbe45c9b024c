import { allowAnswer } from '@witan/anti-entropy';
import type { Turn } from './turn.ts';

/** Peers remembered: participants and a few who follow. */
const PEERS_REMEMBERED = 256;

/** Whether `peer` has had its share of answers, of whatever kind, for now. */
export function isLimited(turn: Turn, peer: string): boolean {
  const { progress } = turn.state;
  const answered = allowAnswer(progress.answered, peer, turn.at, PEERS_REMEMBERED);
  if (answered) turn.update({ progress: { ...progress, answered } });
  return answered === undefined;
}
