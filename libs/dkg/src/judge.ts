import { decodeG1, type G1Point, pedersenHolds, requireStrongX25519, scalarFromBytes } from '@witan/crypto';
import { WitanError } from '@witan/errors';
import type { Payload, PayloadOf } from './messages.ts';
import { Phase } from './phases.ts';
import { toJustify } from './qualify.ts';
import { counted, type State } from './state.ts';

/**
 * Whether a message may count. The answer depends on the message and on earlier closes alone, so that all honest
 * participants judge alike: a sender whose message is not valid is one who has said nothing.
 * @returns decoded points @throws WitanError `WITAN_ERR_INVALID` or `WITAN_ERR_MALFORMED` with the rule that refuses
 */
export function judgeMessage(state: State, sender: number, payload: Payload): readonly G1Point[] {
  switch (payload.type) {
    case 'initialisation':
      return judgeInitialisation(payload);
    case 'contribution':
      return judgeContribution(state, payload);
    case 'complaining':
      return judgeComplaint(state, sender, payload);
    case 'justification':
      return judgeJustification(state, sender, payload);
    case 'commitment':
      refuseUnless(state.qualified?.includes(sender), 'a commitment of one who is not a qualified dealer');
      return decodeCommitment(state, payload.commitment);
    case 'finalisation':
      return [];
    case 'opening':
      return judgeOpening(state, sender, payload);
  }
}

function judgeInitialisation({ ephemeral }: PayloadOf<'initialisation'>): readonly G1Point[] {
  // A key of low order would make every dealer fail to seal to it.
  requireStrongX25519(ephemeral);
  return [];
}

function judgeContribution(state: State, payload: PayloadOf<'contribution'>): readonly G1Point[] {
  refuseUnless(payload.shares.length === state.session.participants.length, 'not one share for each participant');
  return decodeCommitment(state, payload.commitment);
}

function judgeComplaint(state: State, sender: number, { accused }: PayloadOf<'complaining'>): readonly G1Point[] {
  refuseUnless(isAscending(accused), 'the accused are not sorted, or one stands twice');
  for (const dealer of accused) {
    refuseUnless(dealer !== sender, 'accuses itself');
    refuseUnless(counted(state, Phase.Contribution, dealer), 'accuses one who is not a dealer');
  }
  return [];
}

function judgeJustification(state: State, sender: number, { answers }: PayloadOf<'justification'>): readonly G1Point[] {
  const accusers = toJustify(state).get(sender);
  refuseUnless(accusers, 'justifies itself without being accused');
  const answered = answers.map((answer) => answer.accuser);
  refuseUnless(
    answered.length === accusers.length && answered.every((accuser, at) => accuser === accusers[at]),
    'does not answer exactly its accusers',
  );
  return [];
}

function judgeOpening(state: State, sender: number, payload: PayloadOf<'opening'>): readonly G1Point[] {
  refuseUnless(state.qualified?.includes(payload.dealer), 'opens a share of one who is not a qualified dealer');
  const share = { value: scalarFromBytes(payload.value), blind: scalarFromBytes(payload.blind) };
  const { points } = counted<'contribution'>(state, Phase.Contribution, payload.dealer)!;
  refuseUnless(pedersenHolds(points, sender + 1, share), 'the opened share is not the one committed to');
  return [];
}

function decodeCommitment(state: State, encoded: readonly Uint8Array[]): readonly G1Point[] {
  refuseUnless(
    encoded.length === state.session.threshold,
    `${encoded.length} coefficients, not ${state.session.threshold}`,
  );
  return encoded.map(decodeG1);
}

export function isAscending(values: readonly number[]): boolean {
  return values.every((value, at) => at === 0 || value > values[at - 1]!);
}

function refuseUnless(holds: unknown, detail: string): asserts holds {
  if (!holds) throw new WitanError('WITAN_ERR_INVALID', detail);
}
