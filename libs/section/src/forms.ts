/** The forms of a section's messages, for those who look into them or forge them. */
export { decodeFact, encodeFact } from './facts.ts';
export { answerCodec, heartbeatBody, holdingsBody, joinBody, proposalBody, voteBody } from './messages.ts';
