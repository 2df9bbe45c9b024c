import { toHex } from '@witan/crypto';
import { decode, networkTag, peekEnvelope } from '@witan/wire';
import { forms } from '../src/index.ts';

export const NETWORK = networkTag('dkg-tests');

/** A session message; undefined for votes and all else. */
export function messageOf(bytes: Uint8Array): forms.Message | undefined {
  const { kind, body } = peekEnvelope(bytes, NETWORK);
  return kind === 'dkgMessage' ? decode(forms.messageCodec, body) : undefined;
}

export function payloadOf(bytes: Uint8Array): forms.Payload | undefined {
  return messageOf(bytes)?.payload;
}

/** Of all that participants send, answers alone are not signed as a whole. */
export function isAnswer(bytes: Uint8Array): boolean {
  try {
    payloadOf(bytes);
    return false;
  } catch {
    return true;
  }
}

/** Names what a message or a vote is: nobody honest says two things under one name. */
export function slotOf(bytes: Uint8Array): string {
  const { kind, body, author } = peekEnvelope(bytes, NETWORK);
  if (kind === 'dkgVote') {
    const { phase, vote } = decode(forms.voteBody, body);
    return `${author} ${phase} ${vote.view} ${vote.step}`;
  }
  if (kind === 'dkgProposal') {
    const { phase, proposal } = decode(forms.proposalBody, body);
    return `${author} ${phase} ${proposal.view} proposal`;
  }
  const { payload, follows } = decode(forms.messageCodec, body);
  const after = toHex(follows.type === 'close' ? follows.hash : follows.vote.value!).slice(0, 8);
  return `${author} ${payload.type}${payload.type === 'opening' ? payload.dealer : ''} after ${after}`;
}
