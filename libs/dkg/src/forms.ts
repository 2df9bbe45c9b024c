/** The forms of a session's messages and what they are made with, for those who look into them or forge them. */
export { supposedState } from './ahead.ts';
export { answerCodec } from './anti-entropy.ts';
export {
  commitment,
  commitmentContext,
  contribution,
  deal,
  receiverKey,
  sealingSecret,
  sealShare,
  sessionKeys,
} from './dealing.ts';
export { decodeFact, encodeFact } from './facts.ts';
export { holdingsCodec } from './holdings.ts';
export {
  closeCodec,
  type Follows,
  type Message,
  messageCodec,
  openMessage,
  type Payload,
  type PayloadOf,
  type PayloadType,
  phaseOf,
  votedOn,
} from './messages.ts';
export { confirmationMessage } from './result.ts';
export { closeInstance } from './session.ts';
export * as shareRepair from './share-repair/forms.ts';
export { closeBefore } from './state.ts';
export { encodeCloseCertificate, encodeVotes, openClose, proposalBody, voteBody } from './votes.ts';
