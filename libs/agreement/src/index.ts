export { advance } from './advance.ts';
export { holdings, votesMissing } from './exchange.ts';
export { onProposal, onTimeout, onValue, onVote, type ProposalTaken, type VoteTaken, wantedValues } from './intake.ts';
export {
  holdingsCodec,
  type Proposal,
  proposalCodec,
  proposalInput,
  proposalOf,
  type Vote,
  voteCodec,
  voteOf,
  voteRecord,
} from './messages.ts';
export {
  attachRaw,
  decision,
  initial,
  isInsistedOn,
  leader,
  position,
  quiet,
  recoverVote,
  type State,
  silent,
  unjudged,
  value,
} from './state.ts';
export type { Transition } from './transitions.ts';
export {
  type Application,
  type Decision,
  type Hash,
  type Holdings,
  MAX_EXTRA_BYTES,
  MAX_VALUE_BYTES,
  MAX_WANTS,
  type Missing,
  type Options,
  type Output,
  type ProposalInput,
  type ProposalRejection,
  type Step,
  type Timeouts,
  type Verdict,
  type VoteRecord,
  type VoteRejection,
  type VoteStep,
} from './types.ts';
