import {
  type Action,
  attestationMessage,
  type Decision,
  decodeDecision,
  encodeCertified,
  encodeDecision,
  peekCertified,
} from '@witan/chain';
import { encodeHistoryRequest, type SignAnswer, signAnswerCodec, signRequestCodec } from '@witan/elder';
import { forms } from '@witan/section';
import { HELD, PROPOSALS, VOTES } from './dkg-forms.ts';
import { type Form, form, made, raw } from './form.ts';

type Fact = ReturnType<typeof forms.decodeFact>;

const ACTIONS: { readonly [T in Action['type']]: Extract<Action, { readonly type: T }> } = {
  genesis: { type: 'genesis', node: raw(32, 1), key: raw(48, 2) },
  join: { type: 'join', nodes: [raw(32, 3), raw(32, 4)] },
  dkg: { type: 'dkg', chainLength: 3, participants: [raw(32, 5), raw(32, 6)], threshold: 2, attempt: 1 },
  handover: {
    type: 'handover',
    session: raw(32, 7),
    key: raw(48, 8),
    threshold: 1,
    elders: [raw(32, 9)],
    publicKeyShares: [raw(48, 10)],
  },
};

const decisionOf = (action: Action): Decision => ({
  network: raw(8, 0xf0),
  prefix: '01',
  generation: 7,
  parent: raw(32, 0xe0),
  action,
});

const DECISIONS: { readonly [T in Action['type']]: Decision } = {
  genesis: decisionOf(ACTIONS.genesis),
  join: decisionOf(ACTIONS.join),
  dkg: decisionOf(ACTIONS.dkg),
  handover: decisionOf(ACTIONS.handover),
};

const FACTS: { readonly [T in Fact['type']]: Extract<Fact, { readonly type: T }> } = {
  decided: { type: 'decided', raw: raw(70, 1) },
  voted: { type: 'voted', generation: 8, raw: raw(60, 2), value: raw(30, 3), justification: [raw(20, 4)] },
  share: { type: 'share', key: raw(48, 5), share: raw(32, 6) },
  blamed: { type: 'blamed', session: raw(32, 7), nodes: [raw(32, 8)] },
};

const SIGN_ANSWERS: { readonly [T in SignAnswer['type']]: Extract<SignAnswer, { readonly type: T }> } = {
  share: { type: 'share', key: raw(48, 1), index: 6, signature: raw(96, 2) },
  refused: { type: 'refused', code: 'WITAN_ERR_NOT_READY', detail: 'no share – yet' },
};

const CLAIM = { payloadHash: raw(32, 1), context: 'release', signedAt: 1_700_000_000_000 };
const beat = { prefix: '', service: 0, usableShare: false, sequence: 1_700_000_000_000 };

export const SECTION_FORMS = {
  sectionVote: form('libs/section/src/messages.ts', forms.voteBody, {
    first: { prefix: '', generation: 3, vote: VOTES.prevote },
    second: { prefix: '01', generation: 3, vote: VOTES.precommit },
  }),
  sectionProposal: form('libs/section/src/messages.ts', forms.proposalBody, {
    proposal: { prefix: '', generation: 3, proposal: PROPOSALS.again },
  }),
  joinRequest: form('libs/section/src/messages.ts', forms.joinBody, { root: { prefix: '' } }),
  heartbeat: form('libs/section/src/messages.ts', forms.heartbeatBody, {
    newcomer: { ...beat, generation: undefined, key: undefined },
    elder: { ...beat, service: 1, generation: 12, key: raw(48, 1), usableShare: true },
  }),
  sectionHoldings: form('libs/section/src/messages.ts', forms.holdingsBody, {
    nothing: { prefix: '', generation: undefined, agreement: undefined },
    all: { prefix: '', generation: 12, agreement: HELD.all },
  }),
  sectionAnswer: form('libs/section/src/messages.ts', forms.answerCodec, {
    page: { generation: 12, decisions: [raw(20, 1)], ballots: [raw(21, 2)], values: [raw(22, 3)], more: true },
    nothing: { generation: undefined, decisions: [], ballots: [], values: [], more: false },
  }),
  sectionFact: made({
    source: 'libs/section/src/facts.ts',
    samples: FACTS,
    encode: (fact: Fact) => forms.encodeFact(fact).record,
    decode: forms.decodeFact,
  }),
  decision: made({
    source: 'libs/chain/src/decision.ts',
    samples: DECISIONS,
    encode: encodeDecision,
    decode: decodeDecision,
  }),
  certified: made({
    source: 'libs/chain/src/certificate.ts',
    samples: { certified: DECISIONS.handover },
    encode: (decision: Decision) => encodeCertified(encodeDecision(decision), 4, raw(96, 1)),
    decode: (bytes) => peekCertified(bytes).decision,
  }),
  attestation: made({
    source: 'libs/chain/src/attestation.ts',
    samples: { claim: CLAIM },
    encode: attestationMessage,
  }),
  signRequest: form('libs/elder/src/sign-request.ts', signRequestCodec, { claim: CLAIM }),
  signAnswer: form('libs/elder/src/sign-request.ts', signAnswerCodec, SIGN_ANSWERS),
  historyRequest: made({
    source: 'libs/elder/src/history-messages.ts',
    samples: { page: 70_000 },
    encode: (after: number) => encodeHistoryRequest(raw(32, 1), after),
  }),
} satisfies Record<string, Form>;
