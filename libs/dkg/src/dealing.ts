import {
  concatBytes,
  encodeCurvePoint,
  ephemeralFromSeed,
  evaluate,
  findBadPedersenShares,
  type G1Point,
  hkdf,
  openSealed,
  openWithEphemeral,
  pedersenCommit,
  pedersenHolds,
  polynomialFromSeed,
  proveSamePolynomial,
  type Scalar,
  type Sealed,
  scalarFromBytes,
  scalarToBytes,
  sealTo,
  X25519Private,
  x25519PublicFromEd25519,
} from '@witan/crypto';
import { unlessBad } from '@witan/errors';
import type { PayloadOf } from './messages.ts';
import { Phase } from './phases.ts';
import type { Session } from './session.ts';
import { allCounted, counted, type Share, type State } from './state.ts';

const SECRET_BYTES = 32;

/** Everything that a dealer knows and nobody else; the same for the same seed. */
export interface Dealing {
  readonly value: readonly Scalar[];
  readonly blind: readonly Scalar[];
  /** Pedersen commitments, sent with the Contribution. */
  readonly pedersen: readonly G1Point[];
  /** Feldman commitments, kept back until the qualified set is fixed, so that nobody can steer the key. */
  readonly feldman: readonly G1Point[];
}

export function deal(seed: Uint8Array, threshold: number): Dealing {
  const value = polynomialFromSeed(seed, 'value', threshold - 1);
  const blind = polynomialFromSeed(seed, 'blind', threshold - 1);
  return { value, blind, ...pedersenCommit(value, blind) };
}

/** The key that others seal shares to in this session. */
export function sessionKeys(seed: Uint8Array): { readonly publicKey: Uint8Array; readonly privateKey: Uint8Array } {
  const own = hkdf(seed, 'witan/dkg/ephemeral', SECRET_BYTES);
  const keys = ephemeralFromSeed(own);
  own.fill(0);
  return keys;
}

/** What a participant announces of them. */
export function sessionPublicKey(seed: Uint8Array): Uint8Array {
  const { publicKey, privateKey } = sessionKeys(seed);
  privateKey.fill(0);
  return publicKey;
}

/** Imported once: importing costs more than an exchange. */
function sessionPrivateKey(seed: Uint8Array): X25519Private {
  const { privateKey } = sessionKeys(seed);
  const imported = new X25519Private(privateKey);
  privateKey.fill(0);
  return imported;
}

/** One fresh key for each receiver, so that a dealer can justify one share by showing one key. */
export function sealingSecret(seed: Uint8Array, receiver: number): Uint8Array {
  const all = sealingSecrets(seed, receiver + 1);
  const secret = all[receiver]!.slice();
  wipe(all);
  return secret;
}

/** Those of the first `count` receivers; the same whatever the count. */
function sealingSecrets(seed: Uint8Array, count: number): Uint8Array[] {
  const all = hkdf(seed, 'witan/dkg/seal', SECRET_BYTES * count);
  return Array.from({ length: count }, (_, at) => all.subarray(SECRET_BYTES * at, SECRET_BYTES * (at + 1)));
}

/**
 * The key that shares for `receiver` are sealed to: the one that it announced for this session, or, if Initialisation
 * closed without it, the one of its identity. So a node that was dead then still gets its share.
 */
export function receiverKey(state: State, receiver: number): Uint8Array {
  const announced = counted<'initialisation'>(state, Phase.Initialisation, receiver);
  return announced?.payload.ephemeral ?? x25519PublicFromEd25519(state.session.participants[receiver]!.publicKey);
}

export function contribution(state: State, dealing: Dealing, seed: Uint8Array): PayloadOf<'contribution'> {
  const { session } = state;
  const secrets = sealingSecrets(seed, session.participants.length);
  const shares = session.participants.map(({ index }) => {
    const share = { value: evaluate(dealing.value, index + 1), blind: evaluate(dealing.blind, index + 1) };
    return sealShare(state, index, secrets[index]!, share);
  });
  wipe(secrets);
  return { type: 'contribution', commitment: dealing.pedersen.map(encodeCurvePoint), shares };
}

/** What was kept back, with the proof that it is to the polynomial that was dealt. */
export function commitment(state: State, { value, blind, pedersen, feldman }: Dealing, seed: Uint8Array) {
  const context = commitmentContext(state.session, state.me);
  const proof = proveSamePolynomial(value, blind, { pedersen, feldman, context }, seed);
  return { type: 'commitment', commitment: feldman.map(encodeCurvePoint), proof } satisfies PayloadOf<'commitment'>;
}

/** Of whose commitment, and in which session, a proof is. */
export function commitmentContext(session: Session, dealer: number): Uint8Array {
  return new Uint8Array(Buffer.concat([Buffer.from('witan/dkg/commitment/1'), session.idBytes, Buffer.of(dealer)]));
}

/** A share as this participant sends it to `receiver`, sealed with a key that is used for nothing else. */
export function sealShare(state: State, receiver: number, secret: Uint8Array, share: Share): Sealed {
  const plain = encodeShare(share);
  const sealed = sealTo(receiverKey(state, receiver), secret, plain, shareContext(state.session, state.me, receiver));
  plain.fill(0);
  return sealed;
}

/** Opens and checks the own share of every dealer that counts: one batched check for all of them. */
export function receiveShares(state: State, seed: Uint8Array): { shares: Map<number, Share>; bad: number[] } {
  const { session, me, env } = state;
  const announced = counted(state, Phase.Initialisation, me) !== undefined;
  const privateKey = announced ? sessionPrivateKey(seed) : env.identity.x25519Private();
  const shares = new Map<number, Share>();
  const bad: number[] = [];
  for (const { sender, payload } of allCounted<'contribution'>(state, Phase.Contribution)) {
    const sealed = payload.shares[me]!;
    const share = unlessBad(() =>
      decodeShare(openSealed(privateKey, sealed.ephemeral, sealed.ciphertext, shareContext(session, sender, me))),
    );
    if (share) shares.set(sender, share);
    else bad.push(sender);
  }
  const others = [...shares.keys()].filter((dealer) => dealer !== me);
  const dealings = others.map((dealer) => ({
    commitment: counted<'contribution'>(state, Phase.Contribution, dealer)!.points,
    share: shares.get(dealer)!,
  }));
  for (const at of findBadPedersenShares(me + 1, dealings, hkdf(seed, 'witan/dkg/coins', 32))) {
    shares.delete(others[at]!);
    bad.push(others[at]!);
  }
  return { shares, bad: bad.sort((a, b) => a - b) };
}

/** Whether the sealing secret that a dealer shows opens its share for `accuser`, and the share is right. */
export function justifies(state: State, dealer: number, accuser: number, secret: Uint8Array): boolean {
  const dealt = counted<'contribution'>(state, Phase.Contribution, dealer)!;
  const sealed = dealt.payload.shares[accuser]!;
  const share = unlessBad(() =>
    decodeShare(
      openWithEphemeral(
        secret,
        sealed.ephemeral,
        receiverKey(state, accuser),
        sealed.ciphertext,
        shareContext(state.session, dealer, accuser),
      ),
    ),
  );
  return share !== undefined && pedersenHolds(dealt.points, accuser + 1, share);
}

function shareContext(session: Session, dealer: number, receiver: number): Uint8Array {
  return new Uint8Array(
    Buffer.concat([Buffer.from('witan/dkg/share/1'), session.idBytes, Buffer.of(dealer, receiver)]),
  );
}

function encodeShare(share: Share): Uint8Array {
  const parts = [scalarToBytes(share.value), scalarToBytes(share.blind)];
  const bytes = concatBytes(...parts);
  wipe(parts);
  return bytes;
}

/** The bytes are of no use afterwards: they are overwritten. */
function decodeShare(bytes: Uint8Array): Share | undefined {
  try {
    if (bytes.length !== 64) return undefined;
    return { value: scalarFromBytes(bytes.subarray(0, 32)), blind: scalarFromBytes(bytes.subarray(32)) };
  } finally {
    bytes.fill(0);
  }
}

function wipe(secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0);
}
