export {
  type AttestationClaim,
  attestationMessage,
  makeBundle,
  type ProofBundle,
  verifyBundle,
  verifyBundleOn,
} from './attestation.ts';
export {
  type Certified,
  certificateMessage,
  encodeCertified,
  MAX_DECISION_BYTES,
  openCertified,
  peekCertified,
} from './certificate.ts';
export { keyOf, type Link, openLink, proofFrom, verifyChain } from './chain.ts';
export {
  type Action,
  type ActionOf,
  type ActionType,
  type Decision,
  decisionHash,
  decisionId,
  decodeDecision,
  encodeDecision,
  MAX_ATTEMPT,
  MAX_JOINS,
  MAX_PARTICIPANTS,
  NO_PARENT,
} from './decision.ts';
export { type LinkJson, linkFromJson, linkToJson, prefixName, verifyChainJson } from './json.ts';
export { supermajority, tolerated } from './quorum.ts';
export { sectionTopic } from './topic.ts';
