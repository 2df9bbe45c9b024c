import { justifies } from './dealing.ts';
import { Phase } from './phases.ts';
import { allCounted, type Blame, counted, type State } from './state.ts';

/** Dealer to its accusers, from the complaints that count. */
export function accusations(state: State): ReadonlyMap<number, readonly number[]> {
  const byDealer = new Map<number, number[]>();
  for (const { sender, payload } of allCounted<'complaining'>(state, Phase.Complaining)) {
    for (const dealer of payload.accused) byDealer.set(dealer, [...(byDealer.get(dealer) ?? []), sender]);
  }
  return byDealer;
}

/**
 * Who has to justify itself. A dealer with more accusers than the degree is out at once: one of them is honest, and
 * opening so many shares would open its polynomial.
 */
export function toJustify(state: State): ReadonlyMap<number, readonly number[]> {
  const degree = state.session.threshold - 1;
  return new Map([...accusations(state)].filter(([, accusers]) => accusers.length <= degree));
}

export interface Verdict {
  readonly qualified: readonly number[];
  readonly blame: readonly Blame[];
}

/** The qualified dealers, from what counts in the first four phases: the same at every honest participant. */
export function judgeDealers(state: State): Verdict {
  const blame: Blame[] = [];
  const out = new Set<number>();
  const name = (index: number) => state.session.participants[index]!.name;
  const complaint = (accuser: number) => counted(state, Phase.Complaining, accuser)!.signed.raw;
  const dealt = (dealer: number) => counted(state, Phase.Contribution, dealer)!.signed.raw;
  const open = toJustify(state);
  // The key that the disputed share is sealed to; without it nobody else could open what the dealer shows.
  const sealedTo = (accuser: number) => counted(state, Phase.Initialisation, accuser)?.signed.raw ?? [];
  const dispute = (dealer: number, accuser: number) => [dealt(dealer), complaint(accuser), sealedTo(accuser)].flat();

  for (const [dealer, accusers] of accusations(state)) {
    if (!open.has(dealer)) {
      out.add(dealer);
      blame.push({
        node: name(dealer),
        reason: 'too-many-complaints',
        phase: Phase.Complaining,
        evidence: accusers.map(complaint),
      });
      continue;
    }
    const answer = counted<'justification'>(state, Phase.Justification, dealer);
    for (const accuser of accusers) {
      const shown = answer?.payload.answers.find((each) => each.accuser === accuser);
      if (answer && shown && justifies(state, dealer, accuser, shown.secret)) {
        out.add(accuser);
        blame.push({
          node: name(accuser),
          reason: 'false-accusation',
          phase: Phase.Complaining,
          evidence: [...dispute(dealer, accuser), answer.signed.raw],
        });
      } else {
        out.add(dealer);
        blame.push({
          node: name(dealer),
          reason: 'not-justified',
          phase: Phase.Justification,
          // Without an answer, what proves it is the agreed close that includes none.
          evidence: [...dispute(dealer, accuser), answer?.signed.raw ?? state.closes[Phase.Justification]!.certificate],
        });
      }
    }
  }
  const dealers = [...(state.closes[Phase.Contribution]?.included.keys() ?? [])];
  return { qualified: dealers.filter((dealer) => !out.has(dealer)).sort((a, b) => a - b), blame };
}
