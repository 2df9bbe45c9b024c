import { toHex } from '@witan/crypto';
import { forms, type Phase } from '@witan/dkg';
import { unlessBad } from '@witan/errors';
import { forms as sectionForms } from '@witan/section';
import { decode, type Kind, peekEnvelope } from '@witan/wire';
import { NETWORK_TAG } from './network-tag.ts';

/** A signed message, read for what it says. Whether the signature holds is another question. */
export interface Statement {
  readonly author: string;
  readonly kind: Kind;
  readonly id: string;
  readonly body: Uint8Array;
  /** In a word: `contribution`, `prevote`, `section-proposal`, `heartbeat`, … */
  readonly what: string;
  /** Session in hex, of what belongs to one. */
  readonly session: string | undefined;
  readonly phase: Phase | undefined;
  readonly payload: forms.Payload | undefined;
  readonly follows: forms.Follows | undefined;
  readonly view: number | undefined;
  /** Where an honest author says one thing for ever; undefined for what it says anew each time. */
  readonly slot: string | undefined;
  /** The vote that it is, or that came with a message. */
  readonly ballot: Ballot | undefined;
}

export interface Ballot {
  /** What is voted on, for finding others on the same: session and phase, or the section's generation. */
  readonly subject: string;
  /** Of the close of a DKG phase. */
  readonly phase: Phase | undefined;
  readonly slot: string;
  /** Hex hash of what the vote is for; undefined for nothing. */
  readonly value: string | undefined;
  /** Everything that is said in the slot. */
  readonly content: string;
}

type Content = Omit<Statement, 'author' | 'kind' | 'id' | 'body'>;

const NOTHING: Content = {
  what: '',
  session: undefined,
  phase: undefined,
  payload: undefined,
  follows: undefined,
  view: undefined,
  slot: undefined,
  ballot: undefined,
};

// Everyone gets the same bytes object; reading it once is enough.
const known = new WeakMap<Uint8Array, Statement | null>();

/** Undefined for bytes that are no message of this network. */
export function readStatement(raw: Uint8Array): Statement | undefined {
  const found = known.get(raw);
  if (found !== undefined) return found ?? undefined;
  const statement = read(raw);
  known.set(raw, statement ?? null);
  return statement;
}

function read(raw: Uint8Array): Statement | undefined {
  return unlessBad(() => {
    const { author, kind, id, body } = peekEnvelope(raw, NETWORK_TAG);
    return { author, kind, id, body, ...readContent(kind, body) };
  });
}

function readContent(kind: Kind, body: Uint8Array): Content {
  switch (kind) {
    case 'dkgMessage': {
      const { session, payload, follows } = decode(forms.messageCodec, body);
      const id = toHex(session);
      const place = payload.type === 'opening' ? `opening/${payload.dealer}` : payload.type;
      const phase = forms.phaseOf(payload.type);
      const after = toHex(follows.type === 'close' ? follows.hash : (follows.vote.value ?? new Uint8Array(0)));
      const ballot =
        follows.type === 'vote' ? closeBallot(id, forms.votedOn(payload.type) ?? phase, follows.vote) : undefined;
      const slot = `${id}/${place}/${after}`;
      return { ...NOTHING, what: payload.type, session: id, phase, payload, follows, slot, ballot };
    }
    case 'dkgVote': {
      const { session, phase, vote } = decode(forms.voteBody, body);
      const id = toHex(session);
      const ballot = closeBallot(id, phase, vote);
      const { slot } = ballot;
      return { ...NOTHING, what: vote.step, session: id, phase: phase as Phase, view: vote.view, slot, ballot };
    }
    case 'dkgProposal': {
      const { session, phase, proposal } = decode(forms.proposalBody, body);
      const id = toHex(session);
      const slot = `${id}/${phase}/${proposal.view}/proposal`;
      return { ...NOTHING, what: 'proposal', session: id, phase: phase as Phase, view: proposal.view, slot };
    }
    case 'sectionVote': {
      const { vote } = decode(sectionForms.voteBody, body);
      const ballot = readBallot(toHex(vote.instance), undefined, vote);
      return { ...NOTHING, what: `section-${vote.step}`, view: vote.view, slot: ballot.slot, ballot };
    }
    case 'sectionProposal': {
      const { proposal } = decode(sectionForms.proposalBody, body);
      const slot = `${toHex(proposal.instance)}/${proposal.view}/proposal`;
      return { ...NOTHING, what: 'section-proposal', view: proposal.view, slot };
    }
    case 'dkgHoldings': {
      const { session, phase } = decode(forms.holdingsCodec, body);
      return { ...NOTHING, what: 'holdings', session: toHex(session), phase: phase as Phase };
    }
    default:
      return { ...NOTHING, what: kind === 'joinRequest' ? 'join' : kind };
  }
}

type Vote = Extract<forms.Follows, { type: 'vote' }>['vote'];

function closeBallot(session: string, phase: number, vote: Vote): Ballot {
  return readBallot(`${session}/${phase}`, phase as Phase, vote);
}

function readBallot(subject: string, phase: Phase | undefined, { view, step, value, fast, extra }: Vote): Ballot {
  const hash = value && toHex(value);
  const slot = `${subject}/${view}/${step}`;
  return { subject, phase, slot, value: hash, content: `${hash}/${fast}/${toHex(extra)}` };
}

/** What is said in each slot that the statement fills: one, or two with a vote that came with a message. */
export function saidIn(statement: Statement): ReadonlyMap<string, string> {
  const { slot, id, ballot } = statement;
  const said = new Map<string, string>();
  if (slot !== undefined) said.set(slot, id);
  // A vote alone is what it says: another signature of it is the same vote.
  if (ballot) said.set(ballot.slot, ballot.content);
  return said;
}
