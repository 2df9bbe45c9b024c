import { decrypt, encrypt } from './aead.ts';
import { combine } from './combine.ts';
import { decodeCurvePoint, decodeG1, decodeG1Uncompressed, encodeCurvePoint, encodeG1 } from './decode.ts';
import { ORDER } from './field.ts';
import { evaluateCommitment, linearCombination, mulBase, multiply, sum } from './group.ts';
import { hkdf } from './hash.ts';
import { Identity, verifyIdentity } from './identity.ts';
import { integerWeights } from './integer-weights.ts';
import { importPrivate, importPublic } from './keys25519.ts';
import { OPERATIONS, type Operation, operations } from './meter.ts';
import { mulSecond } from './second-generator.ts';
import { shareX } from './shamir.ts';
import { decodeSignature, readSignature, signShare, verifyDecoded } from './signature.ts';
import { toSubgroup } from './torsion.ts';
import { X25519Private } from './x25519.ts';

/** The median of this many rounds, so that a neighbour's burst does not count. */
const ROUNDS = 9;
const ROUND_MS = 4;

/** One run does the operation `times` times. */
type Workload = readonly [run: () => unknown, times?: number];

/**
 * What each operation costs on this machine now, in microseconds; takes about a second. The counters are left alone.
 * @param participants of the session whose cost is wanted, and its `threshold`: x and the Lagrange weights grow with them.
 */
export function measureCosts(
  participants = 7,
  threshold = Math.floor((2 * participants) / 3) + 1,
): Record<Operation, number> {
  const before = { ...operations };
  const costs = Object.fromEntries(OPERATIONS.map((name) => [name, 0])) as Record<Operation, number>;
  const workloads = { ...pointWorkloads(participants, threshold), ...signatureWorkloads(), ...keyWorkloads() };
  for (const [name, [run, times = 1]] of Object.entries(workloads)) costs[name as Operation] = measure(run) / times;
  Object.assign(costs, combiningCosts(participants, threshold, costs.g2SubgroupCheck));
  // These two hold an import and a decoding that are counted by themselves.
  costs.ecdh -= costs.keyImport;
  costs.g1SubgroupCheck -= costs.g1DecodeCurve;
  Object.assign(operations, before);
  return costs;
}

function measure(run: () => unknown): number {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    let runs = 0;
    let elapsed = 0;
    do {
      run();
      runs++;
      elapsed = performance.now() - start;
    } while (elapsed < ROUND_MS);
    return (1000 * elapsed) / runs;
  });
  return rounds.sort((a, b) => a - b)[ROUNDS >> 1]!;
}

const SCALAR = ORDER - 0x1234_5678_9abc_def0n;
const SHORT = 2n ** 128n - 0x9e37_79b9_7f4a_7c15n;
const BYTES = new Uint8Array(32).fill(5);
const MESSAGE = new Uint8Array(64).fill(6);

function pointWorkloads(participants: number, threshold: number) {
  const points = Array.from({ length: threshold }, (_, k) => decodeG1(encodeG1(mulBase(SCALAR - BigInt(k)))));
  // Results of arithmetic are not affine; the terms of a batched check are such.
  const terms = Array.from({ length: Math.max(1, participants - 1) }, (_, j) => evaluateCommitment(points, j + 2));
  const [point] = points as [(typeof points)[0]];
  const compressed = encodeG1(point);
  const uncompressed = encodeCurvePoint(point);
  const everyX = () => {
    for (let index = 0; index < participants; index++) evaluateCommitment(points, shareX(index));
  };
  return {
    g1Decode: [() => decodeG1(compressed)],
    g1DecodeUncompressed: [() => decodeG1Uncompressed(uncompressed)],
    g1DecodeCurve: [() => decodeCurvePoint(uncompressed)],
    g1SubgroupCheck: [() => toSubgroup(decodeCurvePoint(uncompressed))],
    g1Encode: [() => encodeG1(terms[0]!)],
    g1Add: [() => sum(points), Math.max(1, threshold - 1)],
    hornerStep: [everyX, participants * Math.max(1, threshold - 1)],
    g1MulBase: [() => mulBase(SCALAR)],
    g1MulSecond: [() => mulSecond(SCALAR)],
    g1Mul: [() => multiply(point, SCALAR)],
    g1MulShort: [
      () =>
        linearCombination(
          terms,
          terms.map(() => SHORT),
        ),
      terms.length,
    ],
  } satisfies Partial<Record<Operation, Workload>>;
}

function signatureWorkloads() {
  const publicKey = mulBase(SCALAR);
  const bytes = signShare(SCALAR, MESSAGE);
  const signature = decodeSignature(bytes);
  const uncompressed = signature.toBytes(false);
  return {
    g2Decode: [() => decodeSignature(bytes)],
    g2DecodeCurve: [() => readSignature(bytes, false)],
    g2SubgroupCheck: [() => readSignature(uncompressed, true)],
    sign: [() => signShare(SCALAR, MESSAGE)],
    verify: [() => verifyDecoded(publicKey, MESSAGE, signature)],
  } satisfies Partial<Record<Operation, Workload>>;
}

function keyWorkloads() {
  const identity = Identity.fromSeed(BYTES);
  const signature = identity.sign(MESSAGE);
  const own = new X25519Private(BYTES);
  const sealed = encrypt(BYTES, BYTES.subarray(0, 12), MESSAGE, MESSAGE);
  return {
    ed25519Sign: [() => identity.sign(MESSAGE)],
    ed25519Verify: [() => verifyIdentity(identity.publicKey, MESSAGE, signature)],
    keyImport: [() => importPublic('X25519', own.publicKey)],
    privateKeyImport: [() => importPrivate('X25519', BYTES)],
    ecdh: [() => own.exchange(own.publicKey)],
    hkdf: [() => hkdf(BYTES, 'cost', 44)],
    aead: [() => decrypt(BYTES, BYTES.subarray(0, 12), sealed, MESSAGE)],
  } satisfies Partial<Record<Operation, Workload>>;
}

/** The cost of combining, taken apart: what each share adds, and the division where the weights are not integers. */
function combiningCosts(participants: number, threshold: number, check: number): { lagrange: number; g2Mul: number } {
  const signature = decodeSignature(signShare(SCALAR, MESSAGE));
  const time = (indices: readonly number[]) =>
    measure(() =>
      combine(
        indices,
        indices.map(() => signature),
      ),
    );
  const g2Mul = Math.max(0, time([0, 2]) - time([0, 1]));
  const last = Array.from({ length: threshold }, (_, i) => participants - threshold + i);
  const divides = integerWeights(last.map(shareX)).denominator !== 1n;
  return { g2Mul, lagrange: Math.max(0, time(last) - check - (divides ? g2Mul : 0)) / threshold };
}
