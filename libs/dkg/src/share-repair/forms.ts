import { MAX_PARTICIPANTS } from '@witan/chain';
import { sha256 } from '@witan/crypto';
import { bytes, encode, fixed, type Infer, list, struct, u16, union } from '@witan/wire';

/** 32 bytes of a scalar and the tag. */
const sealedScalar = struct({ ephemeral: fixed(32), ciphertext: fixed(48) });

/** Body of an envelope of kind `dkgRepair`: asks for a dealing, or with all dealings for a masked share. */
export const requestCodec = struct({
  session: fixed(32),
  /** X25519 key of this repair: nothing that is sent can be opened by one who takes the node's disk later. */
  ephemeral: fixed(32),
  /** Who makes the mask. Ascending. */
  dealers: list(u16, MAX_PARTICIPANTS),
  /** Of each of them, in that order; none yet. */
  dealings: list(bytes(32 * 1024), MAX_PARTICIPANTS),
});
export type RepairRequest = Infer<typeof requestCodec>;

/** Body of an envelope of kind `dkgRepairDealing`: one dealer's part of the mask. */
export const dealingCodec = struct({
  session: fixed(32),
  purpose: fixed(32),
  /** Feldman commitments to w, where the part of the mask is (x - receiver's x) · w(x). */
  commitment: list(fixed(48), MAX_PARTICIPANTS),
  /** Its value at each participant's x, sealed to the participant's identity. */
  pieces: list(sealedScalar, MAX_PARTICIPANTS),
});
export type RepairDealing = Infer<typeof dealingCodec>;

export const answerCodec = union({
  /** Has no share, or has answered enough. */
  none: [0, struct({})],
  dealing: [1, struct({ raw: bytes(32 * 1024) })],
  /** Own share and own pieces of the mask, summed, sealed to the key of the request. */
  masked: [2, struct({ sealed: sealedScalar })],
  /** Dealers whose piece does not open here, or is not the one committed to. */
  refused: [3, struct({ dealers: list(u16, MAX_PARTICIPANTS) })],
});
export type RepairAnswer = Infer<typeof answerCodec>;

const purposeCodec = struct({
  domain: bytes(32),
  session: fixed(32),
  receiver: u16,
  ephemeral: fixed(32),
  dealers: list(u16, MAX_PARTICIPANTS),
});
const DOMAIN = new TextEncoder().encode('witan/dkg/repair/1');

/** Names one mask: for whom it is, with which key, and made by whom. Whatever differs in it makes another mask. */
export function purposeOf(
  receiver: number,
  { session, ephemeral, dealers }: Omit<RepairRequest, 'dealings'>,
): Uint8Array {
  return sha256(encode(purposeCodec, { domain: DOMAIN, session, receiver, ephemeral, dealers }));
}
