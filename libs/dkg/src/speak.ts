import { encodeCurvePoint, type G1Point, scalarToBytes } from '@witan/crypto';
import { contribution, type Dealing, deal, sealingSecret, sessionKeys } from './dealing.ts';
import type { Payload } from './messages.ts';
import { Phase } from './phases.ts';
import { toJustify } from './qualify.ts';
import { accept } from './receive.ts';
import { finalisation } from './result.ts';
import type { State } from './state.ts';
import type { Turn } from './turn.ts';

/** Says what this participant has to say in the running phase, once. The same state gives the same bytes. */
export function speak(turn: Turn): void {
  const { state } = turn;
  if (state.me < 0 || state.messages[state.phase]!.has(state.me) || state.closes[state.phase]) return;
  const payload = ownPayload(turn);
  if (!payload) return;
  const signed = turn.signMessage(payload);
  accept(turn, signed, state.me, payload, ownPoints(turn.state, payload));
  turn.broadcast(signed);
}

/** What others have to decode is at hand here. */
function ownPoints({ dealing }: State, payload: Payload): readonly G1Point[] | undefined {
  if (payload.type === 'contribution') return dealing?.pedersen;
  return payload.type === 'commitment' ? dealing?.feldman : undefined;
}

function ownPayload(turn: Turn): Payload | undefined {
  const { state } = turn;
  const { seed, me } = state;
  if (state.phase === Phase.Finalisation) return finalisation(state);
  if (!seed) return undefined;
  switch (state.phase) {
    case Phase.Initialisation:
      return { type: 'initialisation', ephemeral: sessionKeys(seed).publicKey };
    case Phase.Contribution:
      return contribution(state, ownDealing(turn, seed), seed);
    case Phase.Complaining:
      return { type: 'complaining', accused: state.badDealers };
    case Phase.Justification:
      return justification(state, seed);
    case Phase.Commitment:
      if (!state.qualified?.includes(me)) return undefined;
      return { type: 'commitment', commitment: ownDealing(turn, seed).feldman.map(encodeCurvePoint) };
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

function ownDealing(turn: Turn, seed: Uint8Array): Dealing {
  const dealing = turn.state.dealing ?? deal(seed, turn.state.session.threshold);
  turn.update({ dealing });
  return dealing;
}

/** Opens the own share of `dealer` for all to see: as proof against it, or because the dealer is gone. */
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
  const signed = turn.signMessage(payload);
  accept(turn, signed, state.me, payload);
  turn.broadcast(signed);
}
