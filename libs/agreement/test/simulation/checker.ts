import { bytes, decode, list } from '@witan/wire';
import type { Decision, Hash, Options, VoteRecord, VoteStep } from '../../src/index.ts';
import { judge } from '../support.ts';
import { open } from './wire.ts';

/** A certificate, as the simulation's applications make it: the signed precommits. */
export const certificateCodec = list(bytes(1024), 64);

function votesOf({ certificate }: Pick<Decision, 'certificate'>): VoteRecord[] {
  return decode(certificateCodec, certificate).map((raw) => (open(raw) as { vote: VoteRecord }).vote);
}

/** Whether a certificate shows a quorum of precommits of one view, or the first prevotes of all. */
export function isProven({ certificate, hash }: Decision, { members, quorum, fastPath }: Options): boolean {
  const votes = votesOf({ certificate });
  if (votes.some((vote) => vote.hash !== hash || vote.view !== votes[0]!.view)) return false;
  const voters = new Set(votes.map((vote) => vote.voter)).size;
  if (votes.every((vote) => vote.step === 'precommit')) return voters >= quorum;
  return fastPath && votes.every((vote) => vote.fast && vote.view === 0) && voters === members;
}

/** What has to hold at every moment of every schedule. Throws when it does not. */
export class Checker {
  decided: Decision | undefined;
  /** Steps whose votes decided, for one member or another. */
  readonly decidedBy = new Set<VoteStep>();
  private readonly cast = new Map<string, Hash | null>();
  private readonly options: Options;

  constructor(options: Options) {
    this.options = options;
  }

  /** An honest member casts one vote in one place, whatever crashes. */
  onHonestVote({ voter, view, step, hash }: VoteRecord): void {
    const place = `${voter} ${view} ${step}`;
    if (this.cast.has(place)) throw new Error(`member ${voter} votes twice: ${step} of view ${view}`);
    this.cast.set(place, hash);
  }

  onHonestBlamed(member: number): void {
    throw new Error(`honest member ${member} is shown to have said two things`);
  }

  onDecision(member: number, decision: Decision): void {
    if (judge(decision.value) === 'invalid') throw new Error(`member ${member} decides an invalid value`);
    if (!isProven(decision, this.options)) throw new Error(`member ${member} decides without proof`);
    this.decidedBy.add(votesOf(decision)[0]!.step);
    this.decided ??= decision;
    if (this.decided.hash !== decision.hash) throw new Error(`two decisions: the second is member ${member}'s`);
  }
}
