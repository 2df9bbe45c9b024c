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
  /** Hex hash of what a vote is for. */
  readonly value: string | undefined;
  readonly view: number | undefined;
  /** Where an honest author says one thing for ever; undefined for what it says anew each time. */
  readonly slot: string | undefined;
}

type Content = Omit<Statement, 'author' | 'kind' | 'id' | 'body'>;

const NOTHING: Content = {
  what: '',
  session: undefined,
  phase: undefined,
  payload: undefined,
  value: undefined,
  view: undefined,
  slot: undefined,
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
      const { session, payload } = decode(forms.messageCodec, body);
      const id = toHex(session);
      const place = payload.type === 'opening' ? `opening/${payload.dealer}` : payload.type;
      const phase = forms.phaseOf(payload.type);
      return { ...NOTHING, what: payload.type, session: id, phase, payload, slot: `${id}/${place}` };
    }
    case 'dkgVote': {
      const { session, phase, vote } = decode(forms.voteBody, body);
      const id = toHex(session);
      const slot = `${id}/${phase}/${vote.view}/${vote.step}`;
      const value = vote.value && toHex(vote.value);
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
