import { decodeReports, encodeReports, forms, type Session } from '@witan/dkg';
import type { Infer } from '@witan/wire';
import { type Form, form, made, raw } from './form.ts';

type Fact = ReturnType<typeof forms.decodeFact>;
type RepairAnswer = forms.shareRepair.RepairAnswer;
type Vote = Infer<typeof forms.voteBody>['vote'];
type Holdings = Infer<typeof forms.holdingsCodec>['agreement'];

const SESSION = raw(32, 0xa0);

export const VOTES: Readonly<Record<'prevote' | 'precommit' | 'fast' | 'nothing', Vote>> = {
  prevote: { instance: raw(32, 1), view: 0, step: 'prevote', value: raw(32, 2), fast: false, extra: raw(0, 0) },
  precommit: { instance: raw(32, 1), view: 3, step: 'precommit', value: raw(32, 2), fast: false, extra: raw(100, 7) },
  fast: { instance: raw(32, 1), view: 0, step: 'prevote', value: raw(32, 2), fast: true, extra: raw(0, 0) },
  nothing: { instance: raw(32, 1), view: 70_000, step: 'prevote', value: undefined, fast: false, extra: raw(0, 0) },
};

export const PROPOSALS = {
  first: { instance: raw(32, 1), view: 0, validView: undefined, value: raw(40, 3) },
  again: { instance: raw(32, 1), view: 5, validView: 2, value: raw(40, 3) },
};

export const HELD: Readonly<Record<'nothing' | 'all', Holdings>> = {
  nothing: {
    view: 0,
    proposal: false,
    prevotes: raw(0, 0),
    precommits: raw(0, 0),
    polka: undefined,
    first: undefined,
    wants: [],
  },
  all: {
    view: 4,
    proposal: true,
    prevotes: raw(2, 0x7f),
    precommits: raw(1, 0x3),
    polka: { view: 2, hash: 'ab'.repeat(32), prevotes: raw(1, 0x1f) },
    first: raw(1, 0x7),
    wants: ['cd'.repeat(32)],
  },
};

const close = { type: 'close', hash: raw(32, 9) } as const;
const sealedScalar = { ephemeral: raw(32, 3), ciphertext: raw(48, 4) };

const MESSAGES: { readonly [T in forms.PayloadType]: forms.Message & { readonly payload: { readonly type: T } } } = {
  initialisation: { session: SESSION, follows: close, payload: { type: 'initialisation', ephemeral: raw(32, 1) } },
  contribution: {
    session: SESSION,
    follows: { type: 'vote', vote: VOTES.fast },
    payload: {
      type: 'contribution',
      commitment: [raw(96, 1), raw(96, 2)],
      shares: [{ ephemeral: raw(32, 3), ciphertext: raw(80, 4) }],
    },
  },
  complaining: { session: SESSION, follows: close, payload: { type: 'complaining', accused: [0, 3, 127] } },
  justification: {
    session: SESSION,
    follows: close,
    payload: { type: 'justification', answers: [{ accuser: 2, secret: raw(32, 5) }] },
  },
  commitment: {
    session: SESSION,
    follows: close,
    payload: {
      type: 'commitment',
      commitment: [raw(96, 6)],
      proof: { challenge: raw(16, 11), value: raw(32, 12), blind: raw(32, 13) },
    },
  },
  finalisation: {
    session: SESSION,
    follows: { type: 'vote', vote: VOTES.prevote },
    payload: { type: 'finalisation', transcript: raw(32, 7), signature: raw(96, 8) },
  },
  opening: {
    session: SESSION,
    follows: close,
    payload: { type: 'opening', dealer: 4, value: raw(32, 9), blind: raw(32, 10) },
  },
};

const FACTS: { readonly [T in Fact['type']]: Extract<Fact, { readonly type: T }> } = {
  started: { type: 'started', start: raw(60, 1), seed: raw(32, 2) },
  accepted: { type: 'accepted', raw: raw(90, 3) },
  voted: { type: 'voted', raw: raw(90, 4), value: raw(20, 5), justification: [raw(10, 6), raw(11, 7)] },
  closed: { type: 'closed', certificate: raw(70, 8) },
  finished: { type: 'finished', share: raw(32, 9), forgot: false },
};

const ANSWERS: { readonly [T in RepairAnswer['type']]: Extract<RepairAnswer, { readonly type: T }> } = {
  none: { type: 'none' },
  dealing: { type: 'dealing', raw: raw(50, 1) },
  masked: { type: 'masked', sealed: sealedScalar },
  refused: { type: 'refused', dealers: [1, 6] },
};

const asked = { session: SESSION, ephemeral: raw(32, 2), dealers: [0, 2, 5] };
const { shareRepair } = forms;
const onVotes = <T>(of: (vote: Vote) => T): Record<keyof typeof VOTES, T> => ({
  prevote: of(VOTES.prevote),
  precommit: of(VOTES.precommit),
  fast: of(VOTES.fast),
  nothing: of(VOTES.nothing),
});

export const DKG_FORMS = {
  dkgMessage: form('libs/dkg/src/messages.ts', forms.messageCodec, MESSAGES),
  dkgClose: form('libs/dkg/src/messages.ts', forms.closeCodec, {
    close: { phase: 3, included: [{ sender: 1, id: raw(32, 1) }], silent: [2, 5] },
  }),
  dkgVote: form(
    'libs/dkg/src/votes.ts',
    forms.voteBody,
    onVotes((vote) => ({ session: SESSION, phase: 2, vote })),
  ),
  dkgProposal: form('libs/dkg/src/votes.ts', forms.proposalBody, {
    first: { session: SESSION, phase: 0, proposal: PROPOSALS.first },
    again: { session: SESSION, phase: 4, proposal: PROPOSALS.again },
  }),
  dkgCertificate: made({
    source: 'libs/dkg/src/votes.ts',
    samples: { certificate: [raw(20, 1), raw(21, 2)] },
    encode: (votes: readonly Uint8Array[]) => forms.encodeCloseCertificate(raw(30, 9), forms.encodeVotes(votes)),
  }),
  dkgHoldings: form('libs/dkg/src/holdings.ts', forms.holdingsCodec, {
    nothing: {
      session: SESSION,
      phase: 0,
      closed: false,
      messages: [],
      twice: raw(0, 0),
      openings: [],
      wanted: [],
      agreement: HELD.nothing,
    },
    all: {
      session: SESSION,
      phase: 4,
      closed: true,
      messages: [raw(1, 0x7f), raw(1, 0x1)],
      twice: raw(1, 0x2),
      openings: [{ dealer: 3, from: raw(1, 0x5) }],
      wanted: [raw(32, 8)],
      agreement: HELD.all,
    },
  }),
  dkgAnswer: form('libs/dkg/src/anti-entropy.ts', forms.answerCodec, {
    page: { phase: 2, items: [raw(12, 1)], closes: [raw(13, 2)], values: [raw(14, 3)], more: true },
  }),
  dkgFact: made({
    source: 'libs/dkg/src/facts.ts',
    samples: { ...FACTS, follower: { type: 'started', start: raw(60, 1), seed: undefined } as Fact },
    encode: (fact: Fact) => forms.encodeFact(fact).record,
    decode: forms.decodeFact,
  }),
  dkgRepair: form('libs/dkg/src/share-repair/forms.ts', shareRepair.requestCodec, {
    forDealings: { ...asked, dealings: [] },
    forShares: { ...asked, dealings: [raw(40, 1), raw(41, 2), raw(42, 3)] },
  }),
  dkgRepairDealing: form('libs/dkg/src/share-repair/forms.ts', shareRepair.dealingCodec, {
    dealing: { session: SESSION, purpose: raw(32, 1), commitment: [raw(48, 2)], pieces: [sealedScalar] },
  }),
  dkgRepairAnswer: form('libs/dkg/src/share-repair/forms.ts', shareRepair.answerCodec, ANSWERS),
  dkgReport: made({
    source: 'libs/dkg/src/session-of.ts',
    samples: { entries: [{ type: 'phase', wallMs: 1_700_000_000_000, phase: 'contribution' }] },
    encode: (entries: readonly unknown[]) => encodeReports({ idBytes: SESSION } as Session, JSON.stringify(entries)),
    decode: (bytes) => decodeReports(bytes).entries,
  }),
} satisfies Record<string, Form>;
