import { fromHex, type G1Point, scalarToBytes } from '@witan/crypto';
import { commitment, contribution, deal, sealingSecret, sessionPublicKey } from './dealing.ts';
import type { Follows, Payload } from './messages.ts';
import { Phase } from './phases.ts';
import { toJustify } from './qualify.ts';
import { accept } from './receive.ts';
import { finalisation } from './result.ts';
import { closeBefore, type State } from './state.ts';
import type { Turn } from './turn.ts';

/** Says what this participant has to say in the running phase, once. The same state gives the same bytes. */
export function speak(turn: Turn): void {
  const { state } = turn;
  if (state.me < 0 || state.messages[state.phase]!.has(state.me) || state.closes[state.phase]) return;
  prepareDealing(turn, state.phase);
  const payload = ownPayload(turn.state);
  if (!payload) return;
  const signed = turn.signMessage(afterClose(turn.state), payload);
  accept(turn, signed, state.me, payload, { points: ownPoints(turn.state, payload) });
  turn.broadcast(signed);
}

/** What others have to decode is at hand here. */
export function ownPoints({ dealing }: State, payload: Payload): readonly G1Point[] | undefined {
  if (payload.type === 'contribution') return dealing?.pedersen;
  return payload.type === 'commitment' ? dealing?.feldman : undefined;
}

/** What this participant has to say in the running phase of `state`, if anything. */
export function ownPayload(state: State): Payload | undefined {
  const { seed, me, dealing } = state;
  if (state.phase === Phase.Finalisation) return finalisation(state);
  if (!seed) return undefined;
  switch (state.phase) {
    case Phase.Initialisation:
      return { type: 'initialisation', ephemeral: sessionPublicKey(seed) };
    case Phase.Contribution:
      return dealing && contribution(state, dealing, seed);
    case Phase.Complaining:
      return { type: 'complaining', accused: state.badDealers };
    case Phase.Justification:
      return justification(state, seed);
    case Phase.Commitment:
      return dealing && state.qualified?.includes(me) ? commitment(state, dealing, seed) : undefined;
    default:
      return undefined;
  }
}

function justification(state: State, seed: Uint8Array): Payload | undefined {
  const accusers = toJustify(state).get(state.me);
  if (!accusers) return undefined;
  const answers = accusers.map((accuser) => ({ accuser, secret: sealingSecret(seed, accuser) }));
  return { type: 'justification', answers };
}

/** The own dealing is what Contribution and Commitment are made of: computed once. */
export function prepareDealing(turn: Turn, phase: Phase): void {
  const { seed, dealing, session } = turn.state;
  const isNeeded = phase === Phase.Contribution || phase === Phase.Commitment;
  if (isNeeded && seed && !dealing) turn.update({ dealing: deal(seed, session.threshold) });
}

function afterClose(state: State): Follows {
  return { type: 'close', hash: fromHex(closeBefore(state, state.phase)) };
}

/** Opens the own share of `dealer` for all to see, since its commitment does not count. */
export function openShareOf(turn: Turn, dealer: number): void {
  const { state } = turn;
  const share = state.shares.get(dealer);
  if (state.me < 0 || !share || state.openings.get(dealer)?.has(state.me)) return;
  const payload = {
    type: 'opening',
    dealer,
    value: scalarToBytes(share.value),
    blind: scalarToBytes(share.blind),
  } as const;
  const signed = turn.signMessage(afterClose(state), payload);
  accept(turn, signed, state.me, payload);
  turn.broadcast(signed);
}
