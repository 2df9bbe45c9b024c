import { supermajority } from '@witan/chain';
import { evaluate, modAdd, polynomialFromSeed, type Scalar, secureRandom } from '@witan/crypto';
import { median } from '../stats.ts';
import { nobleAlone } from './noble.ts';
import { ours } from './ours.ts';
import { wasmAlone, withOrderChecks } from './wasm.ts';
import { type Dealt, type Library, type Share, STEPS, type Step } from './work.ts';

export interface PeerFigures {
  readonly name: string;
  /** CPU milliseconds of one participant in one session. */
  readonly ms: Readonly<Record<Step, number>>;
  readonly totalMs: number;
  /** Times ours, in the same run. */
  readonly timesOurs: Readonly<Record<Step, number>>;
  readonly totalTimesOurs: number;
}

export interface PeersFigures {
  readonly participants: number;
  readonly threshold: number;
  readonly peers: readonly PeerFigures[];
}

/** All that the participants of one session have dealt, as the participant with index 0 sees it. */
interface Session {
  readonly x: number;
  readonly f: readonly Scalar[];
  readonly g: readonly Scalar[];
  readonly dealt: readonly Dealt[];
  readonly feldman: readonly (readonly Uint8Array[])[];
  readonly ownSum: Scalar;
  readonly message: Uint8Array;
  readonly shares: readonly Share[];
  readonly participants: number;
}

/** The first repetitions warm up and count for nothing. */
const WARM_UP = 2;
const REPETITIONS = 11;
/** Pure JavaScript takes seconds for the larger sessions, and varies less. */
const SLOW_REPETITIONS = 3;

export function measurePeers(participants: number): PeersFigures {
  const threshold = supermajority(participants);
  const session = prepare(participants, threshold);
  const own = measure(ours, session, REPETITIONS);
  const wasm = withOrderChecks(() => measure(wasmAlone, session, REPETITIONS));
  const noble = measure(nobleAlone, session, SLOW_REPETITIONS);
  for (const other of [wasm, noble]) {
    if (Buffer.compare(other.signature, own.signature) !== 0) throw new Error('the libraries disagree');
  }
  const peers = [
    figures(ours.name, own.ms, own.ms),
    figures(wasmAlone.name, wasm.ms, own.ms),
    figures(nobleAlone.name, noble.ms, own.ms),
  ];
  return { participants, threshold, peers };
}

function prepare(participants: number, threshold: number): Session {
  const dealers = Array.from({ length: participants }, () => {
    const seed = secureRandom(32);
    const f = polynomialFromSeed(seed, 'value', threshold - 1);
    const g = polynomialFromSeed(seed, 'blind', threshold - 1);
    return { f, g, ...ours.commit(f, g) };
  });
  const x = 1;
  const message = secureRandom(32);
  const sumAt = (at: number) => dealers.reduce((total, { f }) => modAdd(total, evaluate(f, at)), 0n);
  const { f, g } = dealers[0]!;
  // The last ones' weights are the costliest to compute with.
  const signers = Array.from({ length: threshold }, (_, at) => participants - threshold + at);
  return {
    x,
    f,
    g,
    dealt: dealers.slice(1).map((dealer) => ({
      commitment: dealer.pedersen,
      value: evaluate(dealer.f, x),
      blind: evaluate(dealer.g, x),
    })),
    feldman: dealers.map((dealer) => dealer.feldman),
    ownSum: sumAt(x),
    message,
    shares: signers.map((index) => ({ index, signature: ours.sign(sumAt(index + 1), message) })),
    participants,
  };
}

function measure<P>(library: Library<P>, session: Session, repetitions: number) {
  const all = Object.fromEntries(STEPS.map((step) => [step, [] as number[]])) as Record<Step, number[]>;
  let signature = new Uint8Array(0);
  for (let i = 0; i < WARM_UP + repetitions; i++) {
    const timed = <T>(step: Step, run: () => T): T => {
      const before = process.cpuUsage();
      const result = run();
      const { user, system } = process.cpuUsage(before);
      if (i >= WARM_UP) all[step].push((user + system) / 1000);
      return result;
    };
    signature = oneSession(library, session, timed);
  }
  const ms = Object.fromEntries(STEPS.map((step) => [step, median(all[step])])) as Record<Step, number>;
  return { ms, signature };
}

function oneSession<P>(
  library: Library<P>,
  session: Session,
  timed: <T>(step: Step, run: () => T) => T,
): Uint8Array<ArrayBuffer> {
  const { x, f, g, dealt, feldman, ownSum, message, shares, participants } = session;
  timed('commit', () => library.commit(f, g));
  const valid = timed('verify shares', () => library.verifyShares(x, dealt));
  const sum = timed('Feldman check', () => library.feldmanSum(x, feldman, ownSum));
  if (!valid || !sum) throw new Error(`${library.name} refuses good shares`);
  timed('key shares', () => library.keyShares(sum, participants));
  timed('sign', () => library.sign(ownSum, message));
  const signature = timed('combine', () => library.combine(sum[0]!, message, shares));
  if (!signature) throw new Error(`${library.name} refuses a good signature`);
  return new Uint8Array(signature);
}

function figures(name: string, ms: Record<Step, number>, base: Record<Step, number>): PeerFigures {
  const total = (of: Record<Step, number>) => STEPS.reduce((sum, step) => sum + of[step], 0);
  const timesOurs = Object.fromEntries(STEPS.map((step) => [step, ms[step] / base[step]])) as Record<Step, number>;
  return { name, ms, totalMs: total(ms), timesOurs, totalTimesOurs: total(ms) / total(base) };
}
