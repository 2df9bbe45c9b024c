import { tolerated } from '@witan/chain';
import {
  concatBytes,
  decodeG1,
  encodeG1,
  equals,
  evaluate,
  evaluateCommitment,
  feldmanCommit,
  type G1Point,
  hkdf,
  mod,
  modAdd,
  modMul,
  mulBase,
  multiply,
  openSealed,
  polynomialFromSeed,
  type Scalar,
  type Sealed,
  scalarFromBytes,
  scalarToBytes,
  sealTo,
  sha256,
  shareX,
  sum,
  sumCommitments,
  type X25519Private,
  x25519PublicFromEd25519,
} from '@witan/crypto';
import { unlessBad } from '@witan/errors';
import { decode, peekEnvelope } from '@witan/wire';
import type { Participant, Session } from '../session.ts';
import type { State } from '../state.ts';
import { dealingCodec, type RepairDealing } from './forms.ts';

/*
 * The arithmetic of share recovery by Herzberg, Jarecki, Krawczyk and Yung, "Proactive Secret Sharing" (CRYPTO '95,
 * section 4). Each dealer makes a random polynomial of the key's degree that is zero at the receiver's x; the others add
 * what they get of all of them to their own shares. What they send so lies on a polynomial that is random but at the
 * receiver's x, where it is the receiver's share.
 */

/** One dealer's part of a mask, verified as far as anyone can who is not to get a piece of it. */
export interface MaskPart {
  readonly dealer: number;
  readonly raw: Uint8Array;
  readonly commitment: readonly G1Point[];
  readonly pieces: readonly Sealed[];
}

const SECRET_BYTES = 32;

/**
 * The own part. It follows from the own share and the purpose, so that what is asked for again is the same bytes, and
 * nothing need be kept.
 */
export function dealMask(state: State, share: Scalar, receiver: number, purpose: Uint8Array): RepairDealing {
  const { session, me } = state;
  const secret = scalarToBytes(share);
  const seed = hkdf(secret, concatBytes(utf8('witan/dkg/repair/mask'), purpose), SECRET_BYTES);
  const secrets = hkdf(seed, 'witan/dkg/repair/seal', SECRET_BYTES * session.participants.length);
  const w = polynomialFromSeed(seed, 'mask', session.threshold - 2);
  const pieces = session.participants.map((participant, at) => {
    const piece = modMul(mod(BigInt(shareX(at) - shareX(receiver))), evaluate(w, shareX(at)));
    const sealing = secrets.subarray(SECRET_BYTES * at, SECRET_BYTES * (at + 1));
    return sealScalar(identityKey(participant), sealing, piece, pieceContext(purpose, me, at));
  });
  for (const each of [secret, seed, secrets]) each.fill(0);
  return { session: session.idBytes, purpose, commitment: feldmanCommit(w).map(encodeG1), pieces };
}

/** @returns undefined for a dealing that is not one of `dealer` for this purpose, or is malformed */
export function openPart(state: State, dealer: number, purpose: Uint8Array, raw: Uint8Array): MaskPart | undefined {
  const { session, env } = state;
  return unlessBad(() => {
    const signed = peekEnvelope(raw, env.network).verify();
    if (signed.kind !== 'dkgRepairDealing' || session.indexOf.get(signed.author) !== dealer) return undefined;
    const dealing = decode(dealingCodec, signed.body);
    const isFor =
      Buffer.compare(dealing.session, session.idBytes) === 0 && Buffer.compare(dealing.purpose, purpose) === 0;
    const isWhole =
      dealing.commitment.length === session.threshold - 1 && dealing.pieces.length === session.participants.length;
    if (!isFor || !isWhole) return undefined;
    return { dealer, raw, commitment: dealing.commitment.map((point) => decodeG1(point)), pieces: dealing.pieces };
  });
}

/** What the mask is committed to be at the x of `index`: the sum of its parts there. */
export function maskCommitment(parts: readonly MaskPart[], receiver: number, index: number): G1Point {
  const w = sumCommitments(parts.map(({ commitment }) => commitment));
  return multiply(evaluateCommitment(w, shareX(index)), mod(BigInt(shareX(index) - shareX(receiver))));
}

/** The own pieces of a mask, summed; or the dealers whose piece is not the one committed to. */
export function openPieces(
  state: State,
  parts: readonly MaskPart[],
  receiver: number,
  purpose: Uint8Array,
): { readonly mask: Scalar } | { readonly bad: readonly number[] } {
  const { me, env } = state;
  const pieces = parts.map((part) => ({ part, piece: openPiece(env.identity.x25519Private(), part, me, purpose) }));
  const mask = pieces.reduce((total, { piece }) => modAdd(total, piece ?? 0n), 0n);
  // Right in all but an attack, and then one check is enough.
  const isOpen = pieces.every(({ piece }) => piece !== undefined);
  if (isOpen && equals(mulBase(mask), maskCommitment(parts, receiver, me))) return { mask };
  const bad = pieces.filter(({ part, piece }) => {
    return piece === undefined || !equals(mulBase(piece), maskCommitment([part], receiver, me));
  });
  return { bad: bad.map(({ part }) => part.dealer) };
}

function openPiece(
  key: X25519Private,
  { dealer, pieces }: MaskPart,
  me: number,
  purpose: Uint8Array,
): Scalar | undefined {
  return openScalar(key, pieces[me]!, pieceContext(purpose, dealer, me));
}

/** A share with its mask, for nobody but the receiver. The sealing key follows from all that it depends on. */
export function sealMasked(
  state: State,
  share: Scalar,
  mask: Scalar,
  { ephemeral, purpose, parts }: { ephemeral: Uint8Array; purpose: Uint8Array; parts: readonly MaskPart[] },
): Sealed {
  const secret = scalarToBytes(share);
  const about = sha256(concatBytes(purpose, ...parts.map(({ raw }) => sha256(raw))));
  const sealing = hkdf(secret, concatBytes(utf8('witan/dkg/repair/masked'), about), SECRET_BYTES);
  const sealed = sealScalar(ephemeral, sealing, modAdd(share, mask), maskedContext(purpose, state.me));
  for (const each of [secret, sealing]) each.fill(0);
  return sealed;
}

/** The masked share of `helper`, if it is the one that its public key share and the mask's commitments say. */
export function openMasked(
  key: X25519Private,
  sealed: Sealed,
  helper: number,
  expected: G1Point,
  purpose: Uint8Array,
): Scalar | undefined {
  const value = openScalar(key, sealed, maskedContext(purpose, helper));
  return value !== undefined && equals(mulBase(value), expected) ? value : undefined;
}

function identityKey({ publicKey }: Participant): Uint8Array {
  return x25519PublicFromEd25519(publicKey);
}

function pieceContext(purpose: Uint8Array, dealer: number, holder: number): Uint8Array {
  return concatBytes(utf8('witan/dkg/repair/piece'), purpose, Uint8Array.of(dealer, holder));
}

function maskedContext(purpose: Uint8Array, helper: number): Uint8Array {
  return concatBytes(utf8('witan/dkg/repair/masked'), purpose, Uint8Array.of(helper));
}

function sealScalar(to: Uint8Array, sealing: Uint8Array, scalar: Scalar, context: Uint8Array): Sealed {
  const plain = scalarToBytes(scalar);
  const sealed = sealTo(to, sealing, plain, context);
  plain.fill(0);
  return sealed;
}

function openScalar(key: X25519Private, { ephemeral, ciphertext }: Sealed, context: Uint8Array): Scalar | undefined {
  return unlessBad(() => {
    const plain = openSealed(key, ephemeral, ciphertext, context);
    try {
      return scalarFromBytes(plain);
    } finally {
      plain.fill(0);
    }
  });
}

/** What a masked share of `helper` has to be, by public key shares and commitments. The session is done. */
export function expectedMasked(state: State, parts: readonly MaskPart[], helper: number): G1Point {
  const share = decodeG1(state.outcome!.publicKeyShares[helper]!);
  return sum([share, maskCommitment(parts, state.me, helper)]);
}

/** How many deal a mask: one more than may be faulty, so that one of them at least is honest and tells nobody. */
export function dealersOfMask({ participants }: Session): number {
  return tolerated(participants.length) + 1;
}

/** What a request for masked shares may have, well below what a message may. */
const DEALINGS_BYTES_MAX = 448 * 1024;

/** Whether the others have enough shares to give one back, and a mask fits a message: so it does up to a hundred. */
export function isRepairable(session: Session): boolean {
  const { participants, threshold } = session;
  const dealingBytes = 256 + 48 * threshold + 96 * participants.length;
  return participants.length > threshold && dealersOfMask(session) * dealingBytes <= DEALINGS_BYTES_MAX;
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
