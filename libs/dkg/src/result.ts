import {
  combineVerified,
  encodeG1,
  equals,
  evaluate,
  type G1Point,
  interpolate,
  modAdd,
  mulBase,
  publicKeyShares,
  type Scalar,
  scalarFromBytes,
  sha256,
  signShare,
  sumCommitments,
} from '@witan/crypto';
import type { Payload } from './messages.ts';
import { Phase } from './phases.ts';
import { type Accepted, counted, isDone, type Outcome, type State } from './state.ts';

/** Qualified dealers whose Feldman commitment does not count: the others open their shares of these. */
export function dealersToOpen(state: State): readonly number[] {
  const included = state.closes[Phase.Commitment]?.included;
  if (!included || !state.qualified) return [];
  return state.qualified.filter((dealer) => !included.has(dealer));
}

/** Dealers whose polynomial cannot be rebuilt yet. */
export function stillClosed(state: State): readonly number[] {
  return dealersToOpen(state).filter((dealer) => (state.openings.get(dealer)?.size ?? 0) < state.session.threshold);
}

/** The polynomial of an opened dealer: any `threshold` openings give the same one, since each fits its commitment. */
function rebuild(state: State, dealer: number): readonly Scalar[] {
  const openings = [...state.openings.get(dealer)!.values()].slice(0, state.session.threshold);
  return interpolate(openings.map(({ sender, payload }) => ({ x: sender + 1, y: scalarFromBytes(payload.value) })));
}

export interface Computed {
  readonly outcome: Outcome;
  readonly secretShare: Scalar | undefined;
}

/** Key, public key shares and own share, from what counts in all phases. */
export function computeOutcome(state: State): Computed {
  const qualified = state.qualified!;
  const rebuilt = new Map(dealersToOpen(state).map((dealer) => [dealer, rebuild(state, dealer)]));
  const commitments = qualified.map(
    (dealer): readonly G1Point[] =>
      rebuilt.get(dealer)?.map(mulBase) ?? counted<'commitment'>(state, Phase.Commitment, dealer)!.points,
  );
  const sum = sumCommitments(commitments);
  const shares = publicKeyShares(sum, state.session.participants.length);
  const key = encodeG1(sum[0]!);
  const encodedShares = shares.map(encodeG1);
  const outcome: Outcome = {
    key,
    publicKeyShares: encodedShares,
    qualified,
    transcript: transcriptHash(state, key, encodedShares),
    signature: undefined,
  };
  return { outcome, secretShare: ownShare(state, rebuilt, shares) };
}

function ownShare(
  state: State,
  rebuilt: ReadonlyMap<number, readonly Scalar[]>,
  publicShares: readonly G1Point[],
): Scalar | undefined {
  if (state.me < 0) return undefined;
  let total: Scalar = 0n;
  for (const dealer of state.qualified!) {
    const opened = rebuilt.get(dealer);
    const share = state.shares.get(dealer)?.value ?? (opened && evaluate(opened, state.me + 1));
    if (share === undefined) return undefined;
    total = modAdd(total, share);
  }
  return equals(mulBase(total), publicShares[state.me]!) ? total : undefined;
}

function transcriptHash(state: State, key: Uint8Array, shares: readonly Uint8Array[]): Uint8Array {
  const closes = state.closes.map((close) => (close ? Buffer.from(close.hash, 'hex') : Buffer.alloc(32)));
  return sha256(
    Buffer.concat([Buffer.from('witan/dkg/transcript/1'), state.session.idBytes, ...closes, key, ...shares]),
  );
}

const CONFIRMATION = Buffer.from('witan/dkg/confirmation/1');

/** What the new key signs to show that it works. */
export function confirmationMessage(transcript: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([CONFIRMATION, transcript]));
}

export function finalisation(state: State): Payload | undefined {
  if (!state.outcome || state.secretShare === undefined) return undefined;
  const { transcript } = state.outcome;
  return { type: 'finalisation', transcript, signature: signShare(state.secretShare, confirmationMessage(transcript)) };
}

/** Finalisation messages that agree with the own outcome and are not known to carry a bad share. */
export function agreeing(state: State): readonly Accepted<'finalisation'>[] {
  const { outcome } = state;
  if (!outcome) return [];
  const all = [...state.messages[Phase.Finalisation]!.values()] as Accepted<'finalisation'>[];
  return all.filter(
    (each) =>
      !state.badSignatures.has(each.sender) && Buffer.compare(each.payload.transcript, outcome.transcript) === 0,
  );
}

/** Indices of the participants whose Finalisation is not here. */
export function withoutFinalisation({ session, messages }: State): readonly number[] {
  const here = messages[Phase.Finalisation]!;
  return session.participants.map(({ index }) => index).filter((index) => !here.has(index));
}

/** Names of those who have shown that they have their share of the key. */
export function confirmed(state: State): readonly string[] {
  return agreeing(state).map(({ signed }) => signed.author);
}

/** Of a key that is made, the names of those who have not. */
export function unconfirmed(state: State): readonly string[] {
  if (!isDone(state)) return [];
  const shown = new Set(confirmed(state));
  return state.session.participants.map(({ name }) => name).filter((name) => !shown.has(name));
}

/** Combines the signature shares into one by the new key, or names those that are bad. */
export function confirm(state: State): { signature: Uint8Array } | { bad: readonly number[] } {
  const { outcome, session } = state;
  const shares = agreeing(state).map(({ sender, payload }) => ({ index: sender, signature: payload.signature }));
  return combineVerified({
    publicKey: outcome!.key,
    publicKeyShares: outcome!.publicKeyShares,
    message: confirmationMessage(outcome!.transcript),
    shares,
    threshold: session.threshold,
  });
}
