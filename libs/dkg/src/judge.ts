import {
  decodeG1Uncompressed,
  type G1Point,
  pedersenHolds,
  requireStrongX25519,
  samePolynomialHolds,
  scalarFromBytes,
} from '@witan/crypto';
import { WitanError } from '@witan/errors';
import { commitmentContext } from './dealing.ts';
import type { Payload, PayloadOf } from './messages.ts';
import { Phase } from './phases.ts';
import { toJustify } from './qualify.ts';
import { counted, type State } from './state.ts';

/** Decoded points of a message. */
type Points = readonly G1Point[];
const NO_POINTS: Points = [];

/**
 * Whether a message may count. The answer depends on the message and on earlier closes alone, so that all who are honest
 * judge alike: a sender whose message is not valid is one who has said nothing. One who only follows decodes every point as
 * well (some 60 µs each, 70 points in a session of seven), at most as much as a participant has to do: it would else file
 * what no participant takes, propose closes that nobody can vote for, and fail on what honest ones say of it.
 * @returns its points @throws WitanError `WITAN_ERR_INVALID` or `WITAN_ERR_MALFORMED` with the rule that refuses
 */
export function judgeMessage(state: State, sender: number, payload: Payload): Points {
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
      return NO_POINTS;
    case 'opening':
      return judgeOpening(state, sender, payload);
  }
}

function judgeInitialisation({ ephemeral }: PayloadOf<'initialisation'>): Points {
  // A key of low order would make every dealer fail to seal to it.
  requireStrongX25519(ephemeral);
  return NO_POINTS;
}

function judgeContribution(state: State, payload: PayloadOf<'contribution'>): Points {
  refuseUnless(payload.shares.length === state.session.participants.length, 'not one share for each participant');
  return decodeCommitment(state, payload.commitment);
}

function judgeComplaint(state: State, sender: number, { accused }: PayloadOf<'complaining'>): Points {
  refuseUnless(isAscending(accused), 'the accused are not sorted, or one stands twice');
  for (const dealer of accused) {
    refuseUnless(dealer !== sender, 'accuses itself');
    refuseUnless(counted(state, Phase.Contribution, dealer), 'accuses one who is not a dealer');
  }
  return NO_POINTS;
}

function judgeJustification(state: State, sender: number, { answers }: PayloadOf<'justification'>): Points {
  const accusers = toJustify(state).get(sender);
  refuseUnless(accusers, 'justifies itself without being accused');
  const answered = answers.map((answer) => answer.accuser);
  refuseUnless(
    answered.length === accusers.length && answered.every((accuser, at) => accuser === accusers[at]),
    'does not answer exactly its accusers',
  );
  return NO_POINTS;
}

function judgeOpening(state: State, sender: number, payload: PayloadOf<'opening'>): Points {
  refuseUnless(state.qualified?.includes(payload.dealer), 'opens a share of one who is not a qualified dealer');
  const share = { value: scalarFromBytes(payload.value), blind: scalarFromBytes(payload.blind) };
  const { points } = counted<'contribution'>(state, Phase.Contribution, payload.dealer)!;
  refuseUnless(pedersenHolds(points, sender + 1, share), 'the opened share is not the one committed to');
  return NO_POINTS;
}

function decodeCommitment(state: State, encoded: readonly Uint8Array[]): Points {
  refuseUnless(
    encoded.length === state.session.threshold,
    `${encoded.length} coefficients, not ${state.session.threshold}`,
  );
  return encoded.map(decodeG1Uncompressed);
}

/**
 * Whether a Feldman commitment is to the polynomial that its dealer has dealt. All judge that alike, whatever their own shares
 * are: a commitment may be false for those alone who are too few to stop it.
 */
export function isAsDealt(state: State, dealer: number, { proof }: PayloadOf<'commitment'>, feldman: Points): boolean {
  const pedersen = counted<'contribution'>(state, Phase.Contribution, dealer)!.points;
  return samePolynomialHolds({ pedersen, feldman, context: commitmentContext(state.session, dealer) }, proof);
}

export function isAscending(values: readonly number[]): boolean {
  return values.every((value, at) => at === 0 || value > values[at - 1]!);
}

function refuseUnless(holds: unknown, detail: string): asserts holds {
  if (!holds) throw new WitanError('WITAN_ERR_INVALID', detail);
}
