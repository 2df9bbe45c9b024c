import { fromHex } from '@witan/crypto';
import { forms, isPhase } from '@witan/dkg';
import { isWitanError } from '@witan/errors';
import { forms as sectionForms } from '@witan/section';
import { decode, encode, type Infer, openEnvelope } from '@witan/wire';
import { NETWORK_TAG } from '../network-tag.ts';
import { readStatement } from '../statement.ts';
import type { LieKind } from './kinds.ts';
import { type Liar, sign, stateOf } from './liar.ts';
import { ruined } from './noise-lies.ts';

const { shareRepair: repair } = forms;
type RepairAnswer = forms.shareRepair.RepairAnswer;
type DkgAnswer = Infer<typeof forms.answerCodec>;
type SectionAnswer = Infer<typeof sectionForms.answerCodec>;

/** An answer of anti-entropy with each message in it as `retell` tells it. */
export function retold(
  verb: string,
  answer: Uint8Array,
  retell: (raw: Uint8Array) => readonly Uint8Array[],
): Uint8Array {
  try {
    if (verb === 'ae.dkg') {
      const fields = decode(forms.answerCodec, answer);
      return encode(forms.answerCodec, { ...fields, items: fields.items.flatMap(retell) });
    }
    if (verb === 'ae.section') {
      const fields = decode(sectionForms.answerCodec, answer);
      return encode(sectionForms.answerCodec, { ...fields, ballots: fields.ballots.flatMap(retell) });
    }
  } catch (error) {
    if (!isWitanError(error)) throw error;
  }
  return answer;
}

/** What is answered to `request` in the place of a true answer; undefined for nothing. */
export function lieInAnswer(
  liar: Liar,
  kind: LieKind,
  { verb, request, answer }: { readonly verb: string; readonly request: Uint8Array; readonly answer: Uint8Array },
): Uint8Array | undefined {
  if (kind === 'no-answer') return undefined;
  if (kind === 'luring-answer') return luring(liar, verb, request) ?? answer;
  if (kind === 'false-answer' && liar.random.chance(0.3)) return ruined(liar.random, answer);
  try {
    if (verb === 'ae.dkg') return encode(forms.answerCodec, falseDkg(liar, kind, decode(forms.answerCodec, answer)));
    if (verb === 'ae.section') {
      return encode(sectionForms.answerCodec, falseSection(liar, kind, decode(sectionForms.answerCodec, answer)));
    }
    if (verb === 'dkg.repair') return encode(repair.answerCodec, falseRepair(liar, decode(repair.answerCodec, answer)));
  } catch (error) {
    if (!isWitanError(error)) throw error;
  }
  return ruined(liar.random, answer);
}

/** One vote that the asker cannot have yet, for each question. */
function luring(liar: Liar, verb: string, request: Uint8Array): Uint8Array | undefined {
  const { node, memory } = liar;
  const nothing = { extra: new Uint8Array(0), fast: false, step: 'prevote', value: undefined } as const;
  if (verb === 'ae.dkg') {
    const statement = readStatement(request);
    const session = node.elder?.sessions.all.get(statement?.session ?? '')?.session;
    const phase = statement?.phase;
    if (!session || phase === undefined || !isPhase(phase)) return undefined;
    const vote = { ...nothing, instance: forms.closeInstance(session, phase), view: memory.farView++ };
    const body = encode(forms.voteBody, { session: session.idBytes, phase, vote });
    const items = [sign(liar, 'dkgVote', body)];
    return encode(forms.answerCodec, { phase, items, closes: [], values: [], more: true });
  }
  const { ledger, agreement } = node.elder?.state ?? {};
  if (verb !== 'ae.section' || !ledger || !agreement) return undefined;
  const vote = { ...nothing, instance: agreement.options.instance, view: memory.farView++ };
  const { prefix, generation } = ledger;
  const body = encode(sectionForms.voteBody, { prefix, generation: generation + 1, vote });
  const ballots = [sign(liar, 'sectionVote', body)];
  return encode(sectionForms.answerCodec, { generation, decisions: [], ballots, values: [], more: true });
}

function falseDkg(liar: Liar, kind: LieKind, answer: DkgAnswer): DkgAnswer {
  const { random, memory } = liar;
  const old = memory.recent.map((each) => each.raw);
  switch (kind) {
    case 'empty-answer':
      return { phase: 5, items: [], closes: [], values: [], more: true };
    case 'endless-answer':
      return { ...answer, phase: 255, items: [...old.slice(-40), ...answer.items], more: true };
    default:
      return {
        phase: random.between(0, 255),
        items: [...answer.items.map((item) => ruined(random, item)).filter((item) => item.length < 300_000), ...old],
        closes: [...answer.closes.map((close) => ruined(random, close).slice(0, 1000)), forgedClose(liar)],
        values: [random.bytes(60)],
        more: random.chance(0.5),
      };
  }
}

/** A close with one vote where a quorum belongs, repeated until it is as many. */
function forgedClose(liar: Liar): Uint8Array {
  const { random, memory, node } = liar;
  const session = [...(node.elder?.sessions.all.keys() ?? [])].at(-1);
  const state = stateOf(liar, session);
  if (!state) return random.bytes(100);
  const phase = Math.min(state.phase, 4);
  const included = state.session.participants.slice(1).map(({ index }) => ({ sender: index, id: random.bytes(32) }));
  const value = encode(forms.closeCodec, { phase, included, silent: [] });
  const hashes = [...(memory.values.get(`${session}/${phase}`) ?? [])];
  const vote = encode(forms.voteBody, {
    session: state.session.idBytes,
    phase,
    vote: {
      instance: forms.closeInstance(state.session, phase as 0),
      view: 0,
      step: random.pick(['prevote', 'precommit'] as const),
      value: hashes.length > 0 && random.chance(0.5) ? fromHex(random.pick(hashes)) : random.bytes(32),
      fast: random.chance(0.5),
      extra: new Uint8Array(0),
    },
  });
  const raw = sign(liar, 'dkgVote', vote);
  return forms.encodeCloseCertificate(
    value,
    forms.encodeVotes(Array.from({ length: state.session.quorum }, () => raw)),
  );
}

function falseSection(liar: Liar, kind: LieKind, answer: SectionAnswer): SectionAnswer {
  const { random } = liar;
  const decisions = liar.node.elder?.state.ledger?.decisions ?? [];
  switch (kind) {
    case 'empty-answer':
      return { generation: 2 ** 31, decisions: [], ballots: [], values: [], more: true };
    case 'endless-answer':
      return { ...answer, decisions: decisions.slice(0, 40), more: true };
    default:
      return {
        generation: random.uint32(),
        decisions: [...answer.decisions].reverse().map((raw) => ruined(random, raw).slice(0, 4000)),
        ballots: answer.ballots.map((raw) => ruined(random, raw).slice(0, 4000)),
        values: [random.bytes(60)],
        more: true,
      };
  }
}

/** A dealing with false pieces for some, a masked share of nobody, honest dealers called liars. */
function falseRepair(liar: Liar, answer: RepairAnswer): RepairAnswer {
  const { random } = liar;
  if (answer.type === 'dealing' && random.chance(0.8)) {
    const dealing = decode(repair.dealingCodec, openEnvelope(answer.raw, NETWORK_TAG).body);
    const victims = new Set(liar.choose(dealing.pieces.map((_, index) => index)));
    const pieces = dealing.pieces.map((piece, at) => (victims.has(at) ? random.pick(dealing.pieces) : piece));
    const commitment = random.chance(0.2) ? [...dealing.commitment].reverse() : dealing.commitment;
    const body = encode(repair.dealingCodec, { ...dealing, pieces, commitment });
    return { type: 'dealing', raw: sign(liar, 'dkgRepairDealing', body) };
  }
  if (answer.type === 'masked' && random.chance(0.5)) {
    return { type: 'masked', sealed: { ephemeral: random.bytes(32), ciphertext: random.bytes(48) } };
  }
  return { type: 'refused', dealers: [0, 1, 2, 3, 4, 5, 6].filter(() => random.chance(0.5)) };
}
