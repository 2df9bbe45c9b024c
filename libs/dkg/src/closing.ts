import * as agreement from '@witan/agreement';
import { tolerated } from '@witan/chain';
import { fromHex, toHex } from '@witan/crypto';
import { encode } from '@witan/wire';
import { isAscending } from './judge.ts';
import { type CloseValue, closeCodec, decodeClose } from './messages.ts';
import { Phase } from './phases.ts';
import { toJustify } from './qualify.ts';
import { isWord, type State } from './state.ts';
import { encodeVotes } from './votes.ts';

/** Who may say something in the running phase. */
export function allowed(state: State): readonly number[] {
  switch (state.phase) {
    case Phase.Justification:
      return [...toJustify(state).keys()].sort((a, b) => a - b);
    case Phase.Commitment:
      return state.qualified ?? [];
    default:
      return state.session.participants.map((participant) => participant.index);
  }
}

/**
 * Whom the running phase waits for: those who were there in the phase before. A node that was silent for one deadline, or
 * has fallen silent in it, is not waited for again until it is heard. Fixed when the phase begins, but for those who are
 * caught lying.
 */
export function expected(state: State): readonly number[] {
  const there = lastThere(state);
  const isCaught = (sender: number) => state.equivocators.has(sender) || state.falseDealers.has(sender);
  return allowed(state).filter((sender) => there.has(sender) && !isCaught(sender));
}

/** By the closes that tell it, which change when a phase ends. */
const knownThere = new WeakMap<State['closes'], { readonly phase: Phase; readonly those: ReadonlySet<number> }>();

/** Who was there in the phase before. */
function lastThere({ session, phase, closes }: State): ReadonlySet<number> {
  const known = knownThere.get(closes);
  if (known?.phase === phase) return known.those;
  // Only the accused speak in Justification, so Commitment looks one phase further back.
  const before = Math.min(phase - 1, Phase.Complaining);
  const heard = closes[before]?.included.keys() ?? session.participants.map(({ index }) => index);
  const silent = new Set(closes.slice(Math.max(before, 0), phase).flatMap((close) => close?.value.silent ?? []));
  const those = new Set([...heard].filter((index) => !silent.has(index)));
  knownThere.set(closes, { phase, those });
  return those;
}

/** Of the expected, those whose message is not here. */
export function missing(state: State): readonly number[] {
  const here = state.messages[state.phase]!;
  return expected(state).filter((sender) => !here.has(sender));
}

/**
 * Fewest messages with which a phase may close. A dealer without a commitment that counts is opened by the others, so
 * more commitments have to count than there may be liars: one honest dealer stays closed, and with it the key.
 */
export function fewest(state: State): number {
  if (state.phase <= Phase.Complaining) return state.session.quorum;
  return state.phase === Phase.Commitment ? tolerated(state.session.participants.length) + 1 : 0;
}

/** Messages that this participant would let count now. */
function countable(state: State): ReadonlyMap<number, string> {
  const may = new Set(allowed(state));
  const out = new Map<number, string>();
  for (const [sender, { signed }] of state.messages[state.phase]!) {
    if (may.has(sender) && !state.equivocators.has(sender)) out.set(sender, signed.id);
  }
  return out;
}

export function encodeClose(
  phase: Phase,
  included: ReadonlyMap<number, string>,
  silent: readonly number[] = [],
): Uint8Array {
  const sorted = [...included].sort(([a], [b]) => a - b).map(([sender, id]) => ({ sender, id: fromHex(id) }));
  return encode(closeCodec, { phase, included: sorted, silent: silent.toSorted((a, b) => a - b) });
}

/** For whom the next phase would wait after such a close if none of them had fallen silent. After Commitment nobody. */
function wouldBeAwaited(state: State, included: ReadonlyMap<number, string>): readonly number[] {
  if (state.phase === Phase.Commitment) return [];
  return [...(state.phase === Phase.Justification ? lastThere(state) : included.keys())];
}

function candidate(state: State): agreement.Application['candidate'] {
  const determined = missing(state).length === 0;
  if (!(determined || state.atDeadline)) return undefined;
  const { ids, value } = offered(state, determined);
  if (ids.length < fewest(state)) return undefined;
  return { value, determined };
}

interface Offered {
  readonly of: Pick<State, 'equivocators' | 'present'> & { readonly determined: boolean };
  readonly ids: readonly string[];
  readonly value: Uint8Array;
}

/** By the messages of the phase: votes come and go without changing what there is to propose. */
const offers = new WeakMap<object, Offered>();

function offered(state: State, determined: boolean): Offered {
  const { equivocators, present, me } = state;
  const messages = state.messages[state.phase]!;
  const known = offers.get(messages);
  const isSame =
    known?.of.equivocators === equivocators && known.of.present === present && known.of.determined === determined;
  if (known && isSame) return known;
  const included = countable(state);
  const of = { equivocators, present, determined };
  const isGone = (index: number) => index !== me && !present.has(index);
  const silent = determined ? [] : wouldBeAwaited(state, included).filter(isGone);
  const made = { of, ids: [...included.values()], value: encodeClose(state.phase, included, silent) };
  offers.set(messages, made);
  return made;
}

/**
 * Whether all that a close includes is here: of the senders that it names, and said in its phase. An id stands for both, so
 * that all find the same, and whoever could put the word of another in somebody's place would decide who is qualified, and to
 * whose key shares are sealed.
 */
function inclusion(state: State, included: ReadonlyMap<number, string>): 'here' | 'unknown' | 'invalid' {
  const messages = [...included].map(([sender, id]) => ({ sender, message: state.variants.get(id) }));
  if (messages.some(({ sender, message }) => message && !isWord(message, state.phase, sender))) return 'invalid';
  return messages.every(({ message }) => message) ? 'here' : 'unknown';
}

/**
 * Verdicts only ever go from `unknown` to `valid` or `invalid` as messages arrive: what others may have bound
 * themselves to must not become unacceptable. `invalid` is for what no honest participant can propose.
 */
function judgeClose(state: State, bytes: Uint8Array): agreement.Verdict {
  const value = decodeClose(bytes);
  if (!value || value.phase !== state.phase) return 'invalid';
  if (!isAscending(value.included.map((each) => each.sender))) return 'invalid';
  const may = new Set(allowed(state));
  const included = idsOf(value);
  if (included.size < fewest(state) || [...included.keys()].some((sender) => !may.has(sender))) return 'invalid';
  const { silent } = value;
  const would = wouldBeAwaited(state, included);
  if (!isAscending(silent) || silent.some((index) => !would.includes(index))) return 'invalid';
  const found = inclusion(state, included);
  if (found !== 'here') return found;
  const left = expected(state).filter((sender) => !included.has(sender));
  if (left.length === 0 && silent.length === 0) return 'valid';
  // Leaving out what everyone heard in time would let a proposer choose the dealers.
  const { atDeadline } = state;
  if (!atDeadline) return 'unknown';
  const isTrue = !left.some((index) => atDeadline.heard.has(index)) && !silent.some((index) => isThere(state, index));
  // Else a sender that speaks to some only would divide those who have heard it from those who are bound without it.
  return isTrue || agreement.isInsistedOn(state.agreement, bytes) ? 'valid' : 'unknown';
}

/** Whether this participant knew at the deadline that the other, or itself, is there. */
function isThere({ me, atDeadline }: State, index: number): boolean {
  return index === me || atDeadline?.present.has(index) === true;
}

/** Of the messages, by their senders. */
function idsOf({ included }: CloseValue): ReadonlyMap<number, string> {
  return new Map(included.map(({ sender, id }) => [sender, toHex(id)]));
}

const NO_EXTRA = new Uint8Array(0);

/** The close of the running phase, as the agreement library sees it. */
export function closeApplication(state: State): agreement.Application {
  return {
    candidate: candidate(state),
    judge: (value) => judgeClose(state, value),
    isFast: (value) => isFast(state, value),
    awaited: awaited(state),
    endorse: () => NO_EXTRA,
    certify: (_view, _hash, precommits) => ({
      certificate: encodeVotes([...precommits.values()].map((vote) => vote.raw)),
    }),
  };
}

/** Whoever has everybody's message can expect everybody's prevote for it, and then nobody has to vote again. */
function awaited(state: State): readonly number[] {
  return missing(state).length === 0 ? [...lastThere(state)] : [];
}

/** What every honest participant will find valid may be decided by the first votes of all. */
function isFast(state: State, bytes: Uint8Array): boolean {
  const close = decodeClose(bytes);
  return close !== undefined && isComplete(state, close) && inclusion(state, idsOf(close)) !== 'invalid';
}

/** Whether nobody is left out who was there in the phase before: such a close is valid for all, sooner or later. */
function isComplete(state: State, close: CloseValue): boolean {
  const included = new Set(close.included.map(({ sender }) => sender));
  const there = lastThere(state);
  return close.silent.length === 0 && allowed(state).every((sender) => included.has(sender) || !there.has(sender));
}
