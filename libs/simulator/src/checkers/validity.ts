import {
  type CurvePoint,
  decodeG1Uncompressed,
  pedersenHolds,
  requireStrongX25519,
  samePolynomialHolds,
  scalarFromBytes,
} from '@witan/crypto';
import { forms, Phase, type Session, type State } from '@witan/dkg';
import { unlessBad } from '@witan/errors';
import { readPoint } from '../points.ts';
import type { Statement } from '../statement.ts';

/** What a message is judged by beside itself: the closes before it, and what they include. */
export type Context = Pick<State, 'closes' | 'variants' | 'qualified'>;

interface Judged {
  readonly session: Session;
  readonly sender: number;
  readonly before: Context;
}

/** Whether an honest participant could have said it where it stands: read from the protocol, not from the code that judges. */
export function couldBeHonest(session: Session, { author, payload }: Statement, before: Context): boolean {
  const sender = session.indexOf.get(author);
  if (sender === undefined || !payload) return false;
  return unlessBad(() => rules[payload.type]({ session, sender, before }, payload as never)) ?? false;
}

const rules: { readonly [T in forms.PayloadType]: (given: Judged, payload: forms.PayloadOf<T>) => boolean } = {
  initialisation: (_given, { ephemeral }) => {
    requireStrongX25519(ephemeral);
    return true;
  },
  contribution: ({ session }, { commitment, shares }) =>
    shares.length === session.participants.length && pointsOf(commitment).length === session.threshold,
  complaining: ({ sender, before }, { accused }) => {
    const dealers = before.closes[Phase.Contribution]!.included;
    const isSorted = accused.every((dealer, at) => at === 0 || dealer > accused[at - 1]!);
    return isSorted && accused.every((dealer) => dealer !== sender && dealers.has(dealer));
  },
  justification: ({ session, sender, before }, { answers }) => {
    const accusers = [...before.closes[Phase.Complaining]!.included.keys()].filter((accuser) =>
      said(before, Phase.Complaining, accuser, 'complaining')?.accused.includes(sender),
    );
    const hasTo = accusers.length > 0 && accusers.length < session.threshold;
    return hasTo && String(answers.map(({ accuser }) => accuser)) === String(accusers);
  },
  commitment: ({ session, sender, before }, { commitment, proof }) => {
    if (!before.qualified!.includes(sender) || commitment.length !== session.threshold) return false;
    const dealt = said(before, Phase.Contribution, sender, 'contribution')!;
    return isAsDealt(session, sender, dealt.commitment, { commitment, proof });
  },
  opening: ({ sender, before }, { dealer, value, blind }) => {
    if (!before.qualified!.includes(dealer)) return false;
    const dealt = said(before, Phase.Contribution, dealer, 'contribution')!;
    const share = { value: scalarFromBytes(value), blind: scalarFromBytes(blind) };
    return pedersenHolds(pointsOf(dealt.commitment), sender + 1, share);
  },
  finalisation: () => true,
};

/** Whether a dealer has proven that it commits to what it dealt. @throws WitanError for what are no points or scalars */
export function isAsDealt(
  session: Session,
  dealer: number,
  dealt: readonly Uint8Array[],
  { commitment, proof }: Pick<forms.PayloadOf<'commitment'>, 'commitment' | 'proof'>,
): boolean {
  const [pedersen, feldman] = [dealt, commitment].map((points) => points.map(decodeG1Uncompressed));
  const context = forms.commitmentContext(session, dealer);
  return samePolynomialHolds({ pedersen: pedersen!, feldman: feldman!, context }, proof);
}

/** @throws WitanError for one that is none */
function pointsOf(commitment: readonly Uint8Array[]): readonly CurvePoint[] {
  return commitment.map(readPoint);
}

/** What counts of a sender in a phase that has closed. */
function said<T extends forms.PayloadType>({ closes, variants }: Context, phase: Phase, sender: number, _type: T) {
  const id = closes[phase]?.included.get(sender);
  return id === undefined ? undefined : (variants.get(id)?.payload as forms.PayloadOf<T> | undefined);
}
