import { certificateMessage, type Decision, decisionHash, decodeDecision, encodeDecision } from '@witan/chain';
import { fromHex, sha256, signShare } from '@witan/crypto';
import { forms, type State } from '@witan/dkg';
import { unlessBad } from '@witan/errors';
import { currentShare, forms as sectionForms } from '@witan/section';
import { decode, encode, type Infer } from '@witan/wire';
import type { Random } from '../random.ts';
import type { Statement } from '../statement.ts';
import { type Liar, type Lie, oneEach, sign, stateOf } from './liar.ts';

type CloseValue = Infer<typeof forms.closeCodec>;

const SIGNATURE_BYTES = 96;

/** To some the true vote, to some one for something else that others vote for, for nothing, or for what does not exist. */
const twoVotes: Lie = (liar, truth, raw) => {
  const { ballot } = truth;
  if (!ballot) return undefined;
  const hashes = [...(liar.memory.values.get(ballot.subject) ?? [])].filter((hash) => hash !== ballot.value);
  const choices: (string | undefined)[] = [undefined, ...hashes];
  if (liar.random.chance(0.2)) choices.push(Buffer.from(liar.random.bytes(32)).toString('hex'));
  const second = [voteFor(liar, truth, liar.random.pick(choices))];
  return oneEach(liar.random, [[raw], second, [...second, raw], []]);
};

function voteFor(liar: Liar, { kind, body, ballot }: Statement, hash: string | undefined): Uint8Array {
  const value = hash === undefined ? undefined : fromHex(hash);
  if (kind === 'dkgMessage') return voteAhead(liar, body, ballot!.phase!, value);
  if (kind === 'dkgVote') {
    const fields = decode(forms.voteBody, body);
    return sign(
      liar,
      kind,
      encode(forms.voteBody, { ...fields, vote: { ...fields.vote, value, fast: liar.random.chance(0.7) } }),
    );
  }
  const fields = decode(sectionForms.voteBody, body);
  const { view, step } = fields.vote;
  const extra = hash !== undefined && step === 'precommit' ? endorse(liar, hash, view) : new Uint8Array(0);
  return sign(liar, kind, encode(sectionForms.voteBody, { ...fields, vote: { ...fields.vote, value, extra } }));
}

/** Another vote in the place of one that came with a message: with the same message, or alone. */
function voteAhead(liar: Liar, body: Uint8Array, phase: number, value: Uint8Array | undefined): Uint8Array {
  const message = decode(forms.messageCodec, body);
  if (message.follows.type !== 'vote') throw new Error('a message without a vote');
  const vote = { ...message.follows.vote, value, fast: liar.random.chance(0.7) };
  if (value === undefined || liar.random.chance(0.5)) {
    return sign(liar, 'dkgVote', encode(forms.voteBody, { session: message.session, phase, vote }));
  }
  return sign(liar, 'dkgMessage', encode(forms.messageCodec, { ...message, follows: { type: 'vote', vote } }));
}

/** A share that counts, if the decision behind the hash is known. */
function endorse({ node, memory, random }: Liar, hash: string, view: number): Uint8Array {
  const decision = memory.decisions.get(hash);
  const share = node.elder && currentShare(node.elder.state);
  if (!decision || share === undefined || random.chance(0.2)) return random.bytes(SIGNATURE_BYTES);
  return signShare(share, certificateMessage(decisionHash(decision), view));
}

/** Proposals that others do not get, in the place of a true one or beside a vote: the first view of a close is open. */
const twoProposals: Lie = (liar, truth, raw) => {
  switch (truth.kind) {
    case 'dkgProposal': {
      const fields = decode(forms.proposalBody, truth.body);
      const second = {
        ...fields,
        proposal: {
          ...fields.proposal,
          value: otherClose(liar.random, fields.proposal.value, stateOf(liar, truth.session)),
        },
      };
      return oneEach(liar.random, [[raw], [sign(liar, 'dkgProposal', encode(forms.proposalBody, second))], []]);
    }
    case 'sectionProposal': {
      const fields = decode(sectionForms.proposalBody, truth.body);
      const value = otherDecision(liar, fields.proposal.value);
      const second = { ...fields, proposal: { ...fields.proposal, value } };
      return oneEach(liar.random, [
        [raw],
        [sign(liar, 'sectionProposal', encode(sectionForms.proposalBody, second))],
        [],
      ]);
    }
    case 'dkgVote': {
      const { session, phase, vote } = decode(forms.voteBody, truth.body);
      const state = stateOf(liar, truth.session);
      if (vote.step !== 'prevote' || !state || phase !== state.phase || liar.random.chance(0.5)) return undefined;
      const close = encode(forms.closeCodec, { phase, included: heardIn(state), silent: [] });
      const value = otherClose(liar.random, close, state);
      const proposal = { instance: vote.instance, view: vote.view, validView: undefined, value };
      return () => [sign(liar, 'dkgProposal', encode(forms.proposalBody, { session, phase, proposal })), raw];
    }
    case 'dkgMessage': {
      // In the place of its own word, and of the vote that goes with it.
      const state = stateOf(liar, truth.session);
      if (!state || state.variants.size === 0 || liar.random.chance(0.7)) return undefined;
      const { session, phase } = state;
      const value = closeOfOthers(liar.random, { phase, included: heardIn(state), silent: [] }, state);
      const proposal = { instance: forms.closeInstance(session, phase), view: 0, validView: undefined, value };
      const body = { session: session.idBytes, phase, proposal };
      return () => [sign(liar, 'dkgProposal', encode(forms.proposalBody, body))];
    }
    default:
      return undefined;
  }
};

/** What a close of the phase would be of that includes all that is here. */
export function heardIn({ messages, phase: running }: State, phase = running): CloseValue['included'] {
  const here = [...messages[phase]!].map(([sender, { signed }]) => ({ sender, id: fromHex(signed.id) }));
  return here.sort(bySender);
}

const bySender = (a: { sender: number }, b: { sender: number }) => a.sender - b.sender;

/**
 * Another close than `value`: something left out, or in it that nobody has seen, or somebody's word in the place of another's.
 * @param state of the session, where there is one to take such words from
 */
export function otherClose(random: Random, value: Uint8Array, state?: State): Uint8Array {
  const close = unlessBad(() => decode(forms.closeCodec, value));
  if (!close) return random.bytes(40);
  if (state && state.variants.size > 0 && random.chance(0.4)) return closeOfOthers(random, close, state);
  const at = random.between(0, Math.max(0, close.included.length - 1));
  const included = random.pick([
    close.included.slice(1),
    close.included.slice(0, -1),
    [],
    close.included.map((each, index) => (index === at ? { ...each, id: random.bytes(32) } : each)),
    close.included.map((each, index) => (index === at ? { ...each, sender: 99 } : each)),
    [...close.included].reverse(),
  ]);
  // One who is there is said to be gone, or one who is gone to be there.
  const silent = random.pick([close.silent, close.silent, included.slice(0, 1).map(({ sender }) => sender), []]);
  return encode(forms.closeCodec, { phase: random.chance(0.9) ? close.phase : 5 - close.phase, included, silent });
}

/** A close that leaves nobody out: of those who have not spoken, or of all, there is something that another said, or then. */
function closeOfOthers(random: Random, close: CloseValue, { session, variants }: State): Uint8Array {
  const known = [...variants.keys()].map((id) => fromHex(id));
  const same = random.pick(known);
  const truth = new Map(close.included.map(({ sender, id }) => [sender, id]));
  const inPlaceOf = random.pick<(sender: number) => Uint8Array>([
    () => same,
    () => random.pick(known),
    (sender) => truth.get(sender) ?? random.pick(known),
  ]);
  const included = session.participants.map(({ index }) => ({ sender: index, id: inPlaceOf(index) }));
  return encode(forms.closeCodec, { phase: close.phase, included, silent: [] });
}

/** Another decision than `value`: of another kind, of other nodes, or not the next one. */
function otherDecision({ random, memory }: Liar, value: Uint8Array): Uint8Array {
  const decision = unlessBad(() => decodeDecision(value));
  if (!decision) return random.bytes(80);
  const { action } = decision;
  const stranger = random.bytes(32);
  const choices: Decision[] = [
    { ...decision, action: { type: 'join', nodes: [stranger] } },
    { ...decision, generation: decision.generation + 1 },
    { ...decision, parent: random.bytes(32) },
  ];
  if (action.type === 'dkg') {
    choices.push({ ...decision, action: { ...action, threshold: 1 } });
    choices.push({ ...decision, action: { ...action, participants: action.participants.slice(1) } });
    choices.push({ ...decision, action: { ...action, attempt: action.attempt + 1 } });
  }
  if (action.type === 'handover')
    choices.push({ ...decision, action: { ...action, elders: [...action.elders].reverse() } });
  const other = encodeDecision(random.pick(choices));
  memory.decisions.set(Buffer.from(sha256(other)).toString('hex'), other);
  return other;
}

export const voteLies = { 'two-votes': twoVotes, 'two-proposals': twoProposals } satisfies Record<string, Lie>;
