import * as agreement from '@witan/agreement';
import { allowAnswer, inBitmap, Page, toBitmap } from '@witan/anti-entropy';
import { fromHex, toHex } from '@witan/crypto';
import { bool, bytes, decode, encode, fixed, type Infer, list, peekEnvelope, struct, u8, u16 } from '@witan/wire';
import { enact, settle } from './advance.ts';
import { missing } from './closing.ts';
import { PHASES, Phase } from './phases.ts';
import { type Received, receive, reporting, versions, wantedIds } from './receive.ts';
import type { AskReason } from './reports.ts';
import { stillClosed } from './result.ts';
import { isDone, type State } from './state.ts';
import type { Turn } from './turn.ts';
import { openClose } from './votes.ts';

const bitmap = bytes(32);
const ANSWER_ITEMS = 1024;

/** What a participant has, told to one who is asked for the rest. Body of an envelope of kind `dkgHoldings`. */
export const holdingsCodec = struct({
  session: fixed(32),
  phase: u8,
  /** Whether the close of the own phase is known and only messages are missing. */
  closed: bool,
  /** A bitmap of senders for each phase from the own one on, messages that came early among them. */
  messages: list(bitmap, PHASES.length),
  /** Senders known here to have said two things in the own phase: they are not waited for. */
  twice: bitmap,
  openings: list(struct({ dealer: u16, from: bitmap }), 128),
  /** Ids that an agreed close includes and that are missing. */
  wanted: list(fixed(32), 128),
  agreement: agreement.holdingsCodec,
});
export type Holdings = Infer<typeof holdingsCodec>;

export const answerCodec = struct({
  phase: u8,
  /** Signed messages, votes and proposals, in the order in which they are to be taken. */
  items: list(bytes(512 * 1024), ANSWER_ITEMS),
  closes: list(bytes(512 * 1024), PHASES.length),
  /** Values that votes name by their hash. */
  values: list(bytes(64 * 1024), agreement.MAX_WANTS),
  /** More than fits one answer: ask again with what this one brought. */
  more: bool,
});
export type Answer = Infer<typeof answerCodec>;

/** Peers remembered for rate limiting: participants and a few who follow. */
const PEERS_REMEMBERED = 256;

export function holdings(state: State): Holdings {
  const { session } = state;
  const early = (phase: number) => [
    ...[...state.held.values()].filter((each) => each.messageOf === phase),
    ...(phase === state.phase + 1 ? state.ahead.values() : []),
  ];
  return {
    session: session.idBytes,
    phase: state.phase,
    closed: (state.pendingClose ?? state.closes[state.phase]) !== undefined,
    messages: PHASES.map((_, phase) =>
      phase < state.phase
        ? new Uint8Array(0)
        : toBitmap([...state.messages[phase]!.keys(), ...early(phase).map((each) => each.sender)]),
    ),
    twice: toBitmap([...state.equivocators]),
    openings: stillClosed(state).map((dealer) => ({
      dealer,
      from: toBitmap([...(state.openings.get(dealer)?.keys() ?? [])]),
    })),
    wanted: wantedIds(state)
      .slice(0, 128)
      .map((id) => fromHex(id)),
    agreement: agreement.holdings(state.agreement),
  };
}

/** Asks `to` for what is missing; one question at a time. */
export function ask(turn: Turn, to: string, reason: AskReason): void {
  const { state } = turn;
  if (state.progress.asking !== undefined || isDone(state) || state.failed || to === state.env.identity.name) return;
  turn.update({ progress: { ...state.progress, asking: to } });
  turn.effects.push({
    type: 'request',
    to,
    verb: 'ae.dkg',
    bytes: turn.sign('dkgHoldings', encode(holdingsCodec, holdings(state))).raw,
    timeoutMs: state.env.params.requestTimeoutMs,
    tag: `ae/${to}`,
  });
  turn.report({ type: 'asked', at: turn.at, to, reason });
}

/** Whose answer may help: one of those whose own message is missing, then two of all, so that each has its turn. */
export function nextPeer(turn: Turn): string | undefined {
  const { state } = turn;
  const { participants } = state.session;
  const silent = state.phase < Phase.Finalisation ? missing(state) : [];
  const { turn: at } = state.progress;
  turn.update({ progress: { ...state.progress, turn: at + 1 } });
  const isForSilent = at % 3 === 0 && silent.length > 0;
  const others = (isForSilent ? silent : participants.map((each) => each.index)).filter((index) => index !== state.me);
  // Each of the two goes on where it was: counted together, some participants would never be asked.
  const thirds = Math.floor(at / 3);
  const nth = silent.length === 0 ? at : isForSilent ? thirds : at - thirds - 1;
  return others.length === 0 ? undefined : participants[others[nth % others.length]!]!.name;
}

/**
 * Serves a peer's question from what is here. An empty answer says that there is nothing new; a question that cannot be
 * read gets none.
 */
export function serve(turn: Turn, raw: Uint8Array, replyTo: string): void {
  reporting(turn, () => answerQuestion(turn, raw, replyTo));
}

function answerQuestion(turn: Turn, raw: Uint8Array, replyTo: string): Received {
  const { state } = turn;
  const signed = peekEnvelope(raw, state.env.network).verify();
  if (signed.kind !== 'dkgHoldings') return 'invalid';
  const asked = decode(holdingsCodec, signed.body);
  if (Buffer.compare(asked.session, state.session.idBytes) !== 0) return 'wrong-session';
  if (isLimited(turn, signed.author)) {
    turn.report({ type: 'served', at: turn.at, to: signed.author, items: 0, limited: true });
    turn.effects.push({ type: 'reply', id: replyTo, bytes: encode(answerCodec, emptyAnswer(state)) });
    return 'new';
  }
  const answer = answerTo(state, asked);
  turn.report({ type: 'served', at: turn.at, to: signed.author, items: answer.items.length, limited: false });
  turn.effects.push({ type: 'reply', id: replyTo, bytes: encode(answerCodec, answer) });
  // Whoever asks from a later phase has what is missing here.
  if (asked.phase > state.phase) ask(turn, signed.author, 'later-phase');
  return 'new';
}

function emptyAnswer(state: State): Answer {
  return { phase: state.phase, items: [], closes: [], values: [], more: false };
}

function isLimited(turn: Turn, peer: string): boolean {
  const { progress } = turn.state;
  const answered = allowAnswer(progress.answered, peer, turn.at, PEERS_REMEMBERED);
  if (answered) turn.update({ progress: { ...progress, answered } });
  return answered === undefined;
}

export function answerTo(state: State, asked: Holdings): Answer {
  const page = new Page(ANSWER_ITEMS);
  const has = (phase: number, sender: number) => inBitmap(asked.messages[phase] ?? new Uint8Array(0), sender);
  for (const id of asked.wanted) page.add(state.variants.get(toHex(id))?.signed.raw);
  const closes: Uint8Array[] = [];
  let values: readonly Uint8Array[] = [];
  for (let phase = asked.phase; phase <= state.phase; phase++) {
    const close = state.closes[phase] ?? (phase === state.phase ? state.pendingClose : undefined);
    const counts = close?.included ?? new Map([...state.messages[phase]!].map(([sender, m]) => [sender, m.signed.id]));
    for (const [sender, id] of counts) if (!has(phase, sender)) page.add(state.variants.get(id)?.signed.raw);
    if (close && !(phase === asked.phase && asked.closed)) closes.push(close.certificate);
    if (page.full) break;
  }
  if (!page.full && asked.phase === state.phase && !state.closes[state.phase]) addContradictions(state, asked, page);
  if (!page.full) addOpenings(state, asked, page);
  if (!page.full && asked.phase === state.phase && !state.closes[state.phase]) {
    const lacking = agreement.votesMissing(state.agreement, asked.agreement);
    for (const raw of [...lacking.proposals, ...lacking.votes]) page.add(raw);
    values = lacking.values;
  }
  return { phase: state.phase, items: page.items, closes, values, more: page.full };
}

/** Two messages of each sender of whom only this participant knows that it has said two things. */
function addContradictions(state: State, asked: Holdings, page: Page): void {
  for (const sender of state.equivocators) {
    if (inBitmap(asked.twice, sender)) continue;
    for (const { signed } of versions(state, sender).slice(0, 2)) page.add(signed.raw);
  }
}

function addOpenings(state: State, asked: Holdings, page: Page): void {
  const asker = new Map(asked.openings.map(({ dealer, from }) => [dealer, from]));
  for (const [dealer, bySender] of state.openings) {
    // One who is not yet there gets them with the message of the phase; one who is past it needs none.
    const from = asker.get(dealer) ?? (asked.phase <= Phase.Commitment ? new Uint8Array(0) : undefined);
    if (!from) continue;
    for (const [sender, opening] of bySender) if (!inBitmap(from, sender)) page.add(opening.signed.raw);
  }
}

/** What a peer answered. Every item is verified like any other message; one that brings nothing new ends the asking. */
export function take(turn: Turn, from: string, bytes: Uint8Array | undefined): void {
  turn.update({ progress: { ...turn.state.progress, asking: undefined } });
  if (!bytes) {
    turn.report({ type: 'answered', at: turn.at, from, recovered: 0, result: 'timeout' });
    return;
  }
  const before = turn.state.progress.learnt;
  const answer = decodeAnswer(bytes);
  if (!answer) {
    turn.report({ type: 'answered', at: turn.at, from, recovered: 0, result: 'refused' });
    return;
  }
  let recovered = 0;
  for (const item of answer.items) {
    const result = receive(turn, item);
    if (result === 'new' || result === 'held') recovered++;
  }
  for (const value of answer.values) {
    turn.update({ agreement: agreement.onValue(turn.state.agreement, value).state });
  }
  settle(turn);
  for (const raw of answer.closes) {
    if (takeClose(turn, raw)) recovered++;
    settle(turn);
  }
  const learnt = turn.state.progress.learnt > before;
  turn.report({ type: 'answered', at: turn.at, from, recovered, result: learnt ? 'new' : 'nothing' });
  if (learnt && (answer.more || answer.phase > turn.state.phase)) ask(turn, from, 'more');
}

function takeClose(turn: Turn, raw: Uint8Array): boolean {
  try {
    const close = openClose(turn.state.session, turn.state.env.network, raw);
    if (close.phase !== turn.state.phase || turn.state.pendingClose || turn.state.closes[close.phase]) return false;
    enact(turn, close);
    return true;
  } catch {
    turn.report({ type: 'rejected', at: turn.at, reason: 'invalid', phase: 'unknown' });
    return false;
  }
}

function decodeAnswer(bytes: Uint8Array): Answer | undefined {
  try {
    return decode(answerCodec, bytes);
  } catch {
    return undefined;
  }
}
