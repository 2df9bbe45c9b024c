import { bytes, decode, list } from '@witan/wire';
import type { Decision, Hash, VoteRecord } from '../../src/index.ts';
import { judge } from '../support.ts';
import { open } from './wire.ts';

/** A certificate, as the simulation's applications make it: the signed precommits. */
export const certificateCodec = list(bytes(1024), 64);

/** Voters of a certificate that proves `hash`; undefined when it does not. */
export function voters(certificate: Uint8Array, hash: Hash): Set<number> | undefined {
  const found = new Set<number>();
  let view: number | undefined;
  for (const raw of decode(certificateCodec, certificate)) {
    const message = open(raw);
    if (!('vote' in message)) return undefined;
    const { vote } = message;
    view ??= vote.view;
    if (vote.step !== 'precommit' || vote.hash !== hash || vote.view !== view) return undefined;
    found.add(vote.voter);
  }
  return found;
}

/** What has to hold at every moment of every schedule. Throws when it does not. */
export class Checker {
  decided: Decision | undefined;
  private readonly cast = new Map<string, Hash | null>();
  private readonly quorum: number;

  constructor(quorum: number) {
    this.quorum = quorum;
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
    const certifying = voters(decision.certificate, decision.hash)?.size ?? 0;
    if (certifying < this.quorum) throw new Error(`member ${member} decides by ${certifying} precommits`);
    this.decided ??= decision;
    if (this.decided.hash !== decision.hash) throw new Error(`two decisions: the second is member ${member}'s`);
  }
}
