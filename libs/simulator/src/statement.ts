import { toHex } from '@witan/crypto';
import { forms, type Phase } from '@witan/dkg';
import { isWitanError } from '@witan/errors';
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
  /** Hex hash of what a vote is for. */
  readonly value: string | undefined;
  readonly view: number | undefined;
  /** Where an honest author says one thing for ever; undefined for what it says anew each time. */
  readonly slot: string | undefined;
  /** The vote that came with a message. */
  readonly ahead: Ballot | undefined;
}

interface Ballot {
  readonly phase: Phase;
  readonly slot: string;
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
  value: undefined,
  view: undefined,
  slot: undefined,
  ahead: undefined,
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
  try {
    const { author, kind, id, body } = peekEnvelope(raw, NETWORK_TAG);
    return { author, kind, id, body, ...readContent(kind, body) };
  } catch (error) {
    if (isWitanError(error)) return undefined;
    throw error;
  }
}

function readContent(kind: Kind, body: Uint8Array): Content {
  switch (kind) {
    case 'dkgMessage': {
      const { session, payload, follows } = decode(forms.messageCodec, body);
      const id = toHex(session);
      const place = payload.type === 'opening' ? `opening/${payload.dealer}` : payload.type;
      const phase = forms.phaseOf(payload.type);
      const after = toHex(follows.type === 'close' ? follows.hash : (follows.vote.value ?? new Uint8Array(0)));
      const ahead =
        follows.type === 'vote' ? readBallot(id, forms.votedOn(payload.type) ?? phase, follows.vote) : undefined;
      const slot = `${id}/${place}/${after}`;
      return { ...NOTHING, what: payload.type, session: id, phase, payload, follows, slot, ahead };
    }
    case 'dkgVote': {
      const { session, phase, vote } = decode(forms.voteBody, body);
      const id = toHex(session);
      const { slot, value } = readBallot(id, phase, vote);
      return { ...NOTHING, what: vote.step, session: id, phase: phase as Phase, value, view: vote.view, slot };
    }
    case 'dkgProposal': {
      const { session, phase, proposal } = decode(forms.proposalBody, body);
      const id = toHex(session);
      const slot = `${id}/${phase}/${proposal.view}/proposal`;
      return { ...NOTHING, what: 'proposal', session: id, phase: phase as Phase, view: proposal.view, slot };
    }
    case 'sectionVote': {
      const { vote } = decode(sectionForms.voteBody, body);
      const slot = `${toHex(vote.instance)}/${vote.view}/${vote.step}`;
      const value = vote.value && toHex(vote.value);
      return { ...NOTHING, what: `section-${vote.step}`, value, view: vote.view, slot };
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

function readBallot(session: string, phase: number, { view, step, value, fast, extra }: Vote): Ballot {
  const hash = value && toHex(value);
  const slot = `${session}/${phase}/${view}/${step}`;
  return { phase: phase as Phase, slot, value: hash, content: `${hash}/${fast}/${toHex(extra)}` };
}

/** What is said in each slot that the statement fills: one, or two with a vote that came with a message. */
export function saidIn(statement: Statement): ReadonlyMap<string, string> {
  const { slot, kind, body, id, ahead } = statement;
  const said = new Map<string, string>();
  if (ahead) said.set(ahead.slot, ahead.content);
  if (slot === undefined) return said;
  if (kind !== 'dkgVote') return said.set(slot, id);
  const { session, phase, vote } = decode(forms.voteBody, body);
  return said.set(slot, readBallot(toHex(session), phase, vote).content);
}
