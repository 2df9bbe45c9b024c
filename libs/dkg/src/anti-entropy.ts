import * as agreement from '@witan/agreement';
import { inBitmap, Page } from '@witan/anti-entropy';
import { toHex } from '@witan/crypto';
import { unlessBad } from '@witan/errors';
import { bool, bytes, decode, encode, type Infer, list, peekEnvelope, struct, u8 } from '@witan/wire';
import { enact, settle } from './advance.ts';
import { afterAnswer, ask, noteAnswer, standing } from './asking.ts';
import { type Holdings, holdingsCodec } from './holdings.ts';
import { PHASES, Phase } from './phases.ts';
import { isLimited } from './rate-limit.ts';
import { type Received, receive, reporting, versions } from './receive.ts';
import { serveRepair } from './share-repair/serve.ts';
import type { State } from './state.ts';
import type { Turn } from './turn.ts';
import { openClose } from './votes.ts';

const ANSWER_ITEMS = 1024;

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
  if (signed.kind === 'dkgRepair') return serveRepair(turn, signed, replyTo);
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
  // A participant that asks from a later phase has what is missing here. Anyone else is answered, and not believed: names
  // cost nothing, and each would keep the one question that is open at a time.
  if (asked.phase > state.phase && state.session.indexOf.has(signed.author)) ask(turn, signed.author, 'later-phase');
  return 'new';
}

function emptyAnswer(state: State): Answer {
  return { phase: state.phase, items: [], closes: [], values: [], more: false };
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
  noteAnswer(turn, from, bytes !== undefined);
  if (!bytes) {
    turn.report({ type: 'answered', at: turn.at, from, recovered: 0, result: 'timeout' });
    return;
  }
  turn.ofAnswer = true;
  const before = { learnt: turn.state.progress.learnt, standing: standing(turn.state) };
  const answer = unlessBad(() => decode(answerCodec, bytes));
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
  const learnt = turn.state.progress.learnt > before.learnt;
  turn.report({ type: 'answered', at: turn.at, from, recovered, result: learnt ? 'new' : 'nothing' });
  afterAnswer(turn, from, learnt && (answer.more || answer.phase > turn.state.phase), before.standing);
}

function takeClose(turn: Turn, raw: Uint8Array): boolean {
  const close = unlessBad(() => openClose(turn.state.session, turn.state.env.network, raw));
  if (close === undefined) {
    turn.report({ type: 'rejected', at: turn.at, reason: 'invalid', phase: 'unknown' });
    return false;
  }
  if (close.phase !== turn.state.phase || turn.state.pendingClose || turn.state.closes[close.phase]) return false;
  enact(turn, close);
  return true;
}
