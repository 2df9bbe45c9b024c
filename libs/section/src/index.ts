export { isSecretRecord } from './facts.ts';
export * as forms from './forms.ts';
export { append, type Elder, type Ledger, type Member, openGenesis, type PendingSession } from './ledger.ts';
export { type Event, initialState, isDeciding, sectionMachine } from './machine.ts';
export { answerCodec, type Heartbeat, heartbeatBody, holdingsBody, joinBody, SERVICES } from './messages.ts';
export { DEFAULT_PARAMS } from './params.ts';
export {
  type Avoided,
  chooseElders,
  DEFAULT_POLICY,
  type Policy,
  type SessionNews,
  type SessionStatus,
  type Sight,
} from './policy.ts';
export type { SectionAskReason, SectionRejectReason, SectionReport } from './reports.ts';
export { currentShare, type Env, elderIndex, type Params, type State, votingShare } from './state.ts';
