export { isSecretRecord } from './facts.ts';
export * as forms from './forms.ts';
export { dkgMachine, type Event, initialState } from './machine.ts';
export { isPhase, PHASES, Phase, type PhaseName, phaseName } from './phases.ts';
export { proves } from './proof.ts';
export { type AskReason, type DkgReport, type EndSource, REJECT_REASONS, type RejectReason } from './reports.ts';
export { confirmed, unconfirmed } from './result.ts';
export { openSession, type Participant, type Session } from './session.ts';
export { decodeReports, encodeReports, sessionOf } from './session-of.ts';
export {
  BLAME_REASONS,
  type Blame,
  type BlameReason,
  DEFAULT_PARAMS,
  type Env,
  isDone,
  type Outcome,
  type Params,
  type State,
} from './state.ts';
export { waitingOn } from './waiting.ts';
