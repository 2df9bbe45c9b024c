import { attestationMessage } from '@witan/chain';
import { signShare } from '@witan/crypto';
import { WitanError } from '@witan/errors';
import { currentShare, elderIndex, type State } from '@witan/section';
import { decode, encode, fixed, type Infer, struct, text, u16, u53, union } from '@witan/wire';

/** Asks an elder for its share of an attestation. */
export const signRequestCodec = struct({ payloadHash: fixed(32), context: text(256), signedAt: u53 });

export const signAnswerCodec = union({
  share: [1, struct({ key: fixed(48), index: u16, signature: fixed(96) })],
  refused: [2, struct({ code: text(64), detail: text(256) })],
});
export type SignAnswer = Infer<typeof signAnswerCodec>;

/** An attestation says when it was made; one that is off by more than this is not signed. */
const MAX_SKEW_MS = 60_000;

export interface SignResult {
  /** What the one who asked is told, also why there is no share. */
  readonly answer: Uint8Array;
  /** `WITAN_ERR_NOT_READY` (no usable share) or `WITAN_ERR_CLOCK`, if that is the answer. */
  readonly refusal?: WitanError;
}

/**
 * An elder's answer: its signature share under the current key, or why there is none.
 * @throws WitanError `WITAN_ERR_MALFORMED` where it is no such request
 */
export function answerSignRequest(state: State, request: Uint8Array, wallClockMs: number): SignResult {
  const claim = decode(signRequestCodec, request);
  const share = currentShare(state);
  if (!state.ledger || share === undefined) {
    return refuse(new WitanError('WITAN_ERR_NOT_READY', 'no usable share of the current key'));
  }
  if (Math.abs(claim.signedAt - wallClockMs) > MAX_SKEW_MS) {
    const detail = `signedAt is more than ${MAX_SKEW_MS} ms from this elder's clock`;
    return refuse(new WitanError('WITAN_ERR_CLOCK', detail));
  }
  const signature = signShare(share, attestationMessage(claim));
  const { key } = state.ledger;
  return { answer: encode(signAnswerCodec, { type: 'share', key, index: elderIndex(state), signature }) };
}

function refuse(refusal: WitanError): SignResult {
  const { code, detail } = refusal;
  return { answer: encode(signAnswerCodec, { type: 'refused', code, detail }), refusal };
}
