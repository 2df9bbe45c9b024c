import {
  decodeG1,
  equals,
  hkdf,
  interpolateAt,
  mulBase,
  type Scalar,
  scalarToBytes,
  shareX,
  X25519Private,
} from '@witan/crypto';
import { unlessBad } from '@witan/errors';
import { decode, encode } from '@witan/wire';
import { isDone, type State } from '../state.ts';
import type { Turn } from '../turn.ts';
import { answerCodec, purposeOf, type RepairAnswer, requestCodec } from './forms.ts';
import { dealersOfMask, expectedMasked, isRepairable, type MaskPart, openMasked, openPart } from './mask.ts';

/** A participant without its share of a key that is made, on its way to it. */
export interface Repair {
  /** 32 fresh bytes, in memory only. The keys of all attempts are derived from it. */
  readonly secret: Uint8Array;
  /** What makes an attempt: its number, who deals, the key that shares are sealed to, and the name of all that. */
  readonly attempt: number;
  readonly dealers: readonly number[];
  readonly key: X25519Private;
  readonly purpose: Uint8Array;
  readonly parts: ReadonlyMap<number, MaskPart>;
  /** Masked shares by helper. */
  readonly masked: ReadonlyMap<number, Scalar>;
  /** Those who have been asked in the running attempt, and of whom nothing has come. */
  readonly awaited: ReadonlySet<number>;
  /** How often each kept an attempt from its end: by silence, or in the words of another. */
  readonly failings: ReadonlyMap<number, number>;
}

/** The first attempt follows at once, each further one after twice as long. */
const RETRY_MS = 50;
const RETRY_MAX_MS = 5_000;

export const REPAIR = 'repair';

/**
 * Not for one that has lost its journal: it may have forgotten votes as well, and without a share it cannot contradict them.
 * @param secret 32 fresh random bytes
 */
export function beginRepair(turn: Turn, secret: Uint8Array): void {
  const { state } = turn;
  if (!lacksShare(state) || state.repair || state.forgot || !isRepairable(state.session)) return;
  // What its own check has shown of them already: their pieces would be no better than their shares.
  const failings = new Map(state.badDealers.map((dealer) => [dealer, 1]));
  attemptRepair(turn, secret, failings, 1);
}

function lacksShare(state: State): boolean {
  return state.me >= 0 && isDone(state) && state.secretShare === undefined;
}

/** A further attempt. */
export function tryOn(turn: Turn): void {
  const { repair } = turn.state;
  if (repair) attemptRepair(turn, repair.secret, repair.failings, repair.attempt + 1);
}

function attemptRepair(turn: Turn, secret: Uint8Array, failings: Repair['failings'], attempt: number): void {
  const { state } = turn;
  const dealers = choose(state, failings, attempt);
  const key = keyOf(secret, attempt);
  const purpose = purposeOf(state.me, { session: state.session.idBytes, ephemeral: key.publicKey, dealers });
  const fresh = { parts: new Map(), masked: new Map(), awaited: new Set<number>() };
  turn.update({ repair: { secret, attempt, dealers, key, purpose, failings, ...fresh } });
  turn.report({ type: 'repairing', at: turn.at, attempt, dealers: dealers.map((dealer) => turn.nameOf(dealer)) });
  ask(turn, dealers, []);
}

/** Those who have failed least. Whose turn it is moves on, so that any set of honest ones is tried some time. */
function choose({ session, me }: State, failings: Repair['failings'], attempt: number): readonly number[] {
  const count = session.participants.length;
  const others = session.participants.map((_, at) => (me + attempt + at) % count).filter((index) => index !== me);
  const byFailings = others.sort((a, b) => (failings.get(a) ?? 0) - (failings.get(b) ?? 0));
  return byFailings.slice(0, dealersOfMask(session)).sort((a, b) => a - b);
}

/** The same question to all of `helpers`, whose answers are awaited from now on. */
function ask(turn: Turn, helpers: readonly number[], dealings: readonly Uint8Array[]): void {
  const { session, env, repair } = turn.state;
  const { attempt, dealers, key } = repair!;
  const body = encode(requestCodec, { session: session.idBytes, ephemeral: key.publicKey, dealers, dealings });
  const { raw } = turn.sign('dkgRepair', body);
  change(turn, { awaited: new Set(helpers) });
  for (const to of helpers) {
    turn.effects.push({
      type: 'request',
      to: turn.nameOf(to),
      verb: 'dkg.repair',
      bytes: raw,
      timeoutMs: env.params.requestTimeoutMs,
      tag: `${REPAIR}/${attempt}/${dealings.length}/${to}`,
    });
  }
}

function keyOf(secret: Uint8Array, attempt: number): X25519Private {
  const derived = hkdf(secret, `witan/dkg/repair/key/${attempt}`, 32);
  const key = new X25519Private(derived);
  derived.fill(0);
  return key;
}

/** What became of a question; an answer to one of an earlier attempt is of no use. */
export function takeRepair(turn: Turn, tag: string, bytes: Uint8Array | undefined): void {
  const [, attempt, dealings, index] = tag.split('/').map(Number) as [number, number, number, number];
  const { repair } = turn.state;
  if (!repair || attempt !== repair.attempt || !repair.awaited.has(index)) return;
  if (dealings > 0 !== isMasked(repair)) return;
  change(turn, { awaited: new Set([...repair.awaited].filter((each) => each !== index)) });
  const answer = bytes && unlessBad(() => decode(answerCodec, bytes));
  if (isMasked(repair)) takeMasked(turn, index, answer);
  else takeDealing(turn, index, answer);
}

/** Whether the mask is complete, and shares with it are what is asked for. */
function isMasked({ dealers, parts }: Repair): boolean {
  return parts.size === dealers.length;
}

function takeDealing(turn: Turn, dealer: number, answer: RepairAnswer | undefined): void {
  const { state } = turn;
  const repair = state.repair!;
  const part = answer?.type === 'dealing' ? openPart(state, dealer, repair.purpose, answer.raw) : undefined;
  if (part) change(turn, { parts: new Map(repair.parts).set(dealer, part) });
  else fault(turn, [dealer]);
  if (isMasked(turn.state.repair!)) askForShares(turn);
  else if (turn.state.repair!.awaited.size === 0) retry(turn);
}

function askForShares(turn: Turn): void {
  const { session, me } = turn.state;
  const dealings = partsOf(turn.state.repair!).map(({ raw }) => raw);
  const helpers = session.participants.map(({ index }) => index).filter((index) => index !== me);
  ask(turn, helpers, dealings);
}

function takeMasked(turn: Turn, helper: number, answer: RepairAnswer | undefined): void {
  const { state } = turn;
  const repair = state.repair!;
  if (answer?.type === 'masked') {
    const expected = expectedMasked(state, partsOf(repair), helper);
    const value = openMasked(repair.key, answer.sealed, helper, expected, repair.purpose);
    if (value !== undefined) change(turn, { masked: new Map(repair.masked).set(helper, value) });
  } else if (answer?.type === 'refused') {
    // Once each, however often one is named.
    fault(
      turn,
      repair.dealers.filter((dealer) => answer.dealers.includes(dealer)),
    );
  }
  const { masked, awaited } = turn.state.repair!;
  if (masked.size >= state.session.threshold) finish(turn);
  else if (awaited.size === 0) retry(turn);
}

/** Each masked share has been verified, so that any `threshold` of them give the share. */
function finish(turn: Turn): void {
  const { state } = turn;
  const { masked, attempt, secret } = state.repair!;
  const points = [...masked].slice(0, state.session.threshold).map(([helper, y]) => ({ x: shareX(helper), y }));
  const share = interpolateAt(points, shareX(state.me));
  if (!equals(mulBase(share), decodeG1(state.outcome!.publicKeyShares[state.me]!))) {
    throw new Error('verified masked shares gave another share than the public one');
  }
  turn.update({ secretShare: share, repair: undefined });
  turn.persist({ type: 'finished', share: scalarToBytes(share), forgot: false });
  turn.effects.push({ type: 'destroy', bytes: secret });
  turn.report({ type: 'repaired', at: turn.at, attempts: attempt });
}

function retry(turn: Turn): void {
  const { attempt } = turn.state.repair!;
  turn.setTimer(REPAIR, Math.min(RETRY_MS * 2 ** Math.min(attempt - 1, 16), RETRY_MAX_MS));
}

function fault(turn: Turn, dealers: readonly number[]): void {
  const failings = new Map(turn.state.repair!.failings);
  for (const dealer of dealers) failings.set(dealer, (failings.get(dealer) ?? 0) + 1);
  change(turn, { failings });
}

function change(turn: Turn, by: Partial<Repair>): void {
  turn.update({ repair: { ...turn.state.repair!, ...by } });
}

function partsOf({ dealers, parts }: Repair): readonly MaskPart[] {
  return dealers.map((dealer) => parts.get(dealer)!);
}
