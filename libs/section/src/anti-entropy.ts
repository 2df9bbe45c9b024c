import * as agreement from '@witan/agreement';
import { allowAnswer, followUp, isPageful, Page, QUESTIONS_PER_SECOND } from '@witan/anti-entropy';
import { unlessBad } from '@witan/errors';
import { decode, encode, type Infer, peekEnvelope } from '@witan/wire';
import { settle } from './decide.ts';
import { ANSWER_BALLOTS, answerCodec, holdingsBody, voteBody } from './messages.ts';
import { type Received, receive, receiveCertified, reporting } from './receive.ts';
import type { SectionAskReason } from './reports.ts';
import type { State } from './state.ts';
import type { Turn } from './turn.ts';

const ANSWER_DECISIONS = 128;
const ALLOWANCE = { perSecond: QUESTIONS_PER_SECOND, peersMax: 1024 };
/** Answered by any node of the section. */
export const ANYONE = '';

/** Asks `to` for what is missing; one question at a time. */
export function ask(turn: Turn, to: string, reason: SectionAskReason): void {
  const { state } = turn;
  if (state.progress.asking !== undefined || to === state.env.identity.name) return;
  turn.updateProgress({ asking: to, behind: reason === 'behind' ? 'asked' : state.progress.behind });
  const body = encode(holdingsBody, {
    prefix: state.env.prefix,
    generation: state.ledger?.generation,
    agreement: state.agreement && agreement.holdings(state.agreement),
  });
  turn.effects.push({
    type: 'request',
    to,
    verb: 'ae.section',
    bytes: turn.sign('sectionHoldings', body).raw,
    timeoutMs: state.env.params.requestTimeoutMs,
    tag: `ae/${to}`,
  });
  turn.report({ type: 'asked', at: turn.at, to, reason });
}

/** The elders in turn, but for the one who was asked `last`; anyone, while none is known. */
export function nextPeer(turn: Turn, last?: string): string {
  const { ledger, env, progress } = turn.state;
  const others = ledger?.elders.filter(({ name }) => name !== env.identity.name && name !== last) ?? [];
  turn.updateProgress({ turn: progress.turn + 1 });
  return others.length === 0 ? ANYONE : others[progress.turn % others.length]!.name;
}

/** Serves a peer's question from what is here. A question that cannot be read gets no answer. */
export function serve(turn: Turn, raw: Uint8Array, replyTo: string): void {
  reporting(turn, () => answerQuestion(turn, raw, replyTo));
}

function answerQuestion(turn: Turn, raw: Uint8Array, replyTo: string): Received {
  const { state } = turn;
  const signed = peekEnvelope(raw, state.env.network).verify();
  if (signed.kind !== 'sectionHoldings') return 'invalid';
  const limited = isLimited(turn, signed.author);
  const asked = decode(holdingsBody, signed.body);
  const answer = limited || asked.prefix !== state.env.prefix ? nothing(state) : answerTo(state, asked);
  const items = answer.decisions.length + answer.ballots.length;
  turn.report({ type: 'served', at: turn.at, to: signed.author, items, limited });
  turn.effects.push({ type: 'reply', id: replyTo, bytes: encode(answerCodec, answer) });
  return 'new';
}

type Asked = { readonly generation: number | undefined; readonly agreement: agreement.Holdings | undefined };

function nothing(state: State) {
  const generation = state.ledger?.generation;
  return {
    generation,
    decisions: [] as Uint8Array[],
    ballots: [] as Uint8Array[],
    values: [] as Uint8Array[],
    more: false,
  };
}

function answerTo(state: State, asked: Asked) {
  const answer = nothing(state);
  const { ledger } = state;
  if (!ledger) return answer;
  if (asked.generation !== ledger.generation) {
    const page = new Page(ANSWER_DECISIONS);
    for (const raw of ledger.decisions.slice(asked.generation === undefined ? 0 : asked.generation + 1)) page.add(raw);
    return { ...answer, decisions: page.items, more: page.full };
  }
  if (!asked.agreement || !state.agreement) return answer;
  const page = new Page(ANSWER_BALLOTS);
  const { proposals, votes, values } = agreement.votesMissing(state.agreement, asked.agreement);
  // A proposal may be long, and not be new to the asker: the votes do not wait for it.
  for (const raw of [...nearestFirst(state, votes), ...proposals]) page.add(raw);
  return { ...answer, ballots: page.items, values: [...values], more: page.full };
}

/**
 * Votes by their view: those of near ones bring the asker to where it can say what it has of the next. Of later ones
 * liars can make up many.
 */
function nearestFirst({ env }: State, votes: readonly Uint8Array[]): readonly Uint8Array[] {
  const viewOf = (raw: Uint8Array) => decode(voteBody, peekEnvelope(raw, env.network).body).vote.view;
  return votes
    .map((raw) => ({ raw, view: viewOf(raw) }))
    .sort((a, b) => a.view - b.view)
    .map(({ raw }) => raw);
}

function isLimited(turn: Turn, peer: string): boolean {
  const answered = allowAnswer(turn.state.progress.answered, peer, turn.at, ALLOWANCE);
  if (answered) turn.updateProgress({ answered });
  return answered === undefined;
}

/** What a peer answered: every item is verified as if it had been broadcast. */
export function take(turn: Turn, from: string, bytes: Uint8Array | undefined): void {
  const before = turn.state.ledger?.generation ?? -1;
  turn.updateProgress({ asking: undefined });
  const answer = bytes && unlessBad(() => decode(answerCodec, bytes));
  const taken: Taken = answer ? takeAnswer(turn, answer) : { recovered: 0, result: bytes ? 'refused' : 'timeout' };
  const more = taken.result === 'new' && answer?.more === true;
  const generation = turn.state.ledger?.generation ?? -1;
  const isNearer = taken.result === 'new' && generation > before;
  // Who was asked for decisions and has votes to tell has not helped.
  if (turn.state.progress.behind === 'asked') turn.updateProgress({ behind: isNearer ? 'helped' : 'unhelped' });
  turn.report({ type: 'answered', at: turn.at, from, ...taken, more });
  const { ahead } = turn.state.progress;
  if (ahead && ahead.generation <= generation) turn.updateProgress({ ahead: undefined });
  // Who says that there is more, and tells one decision at a time, is kept to as little as who tells votes.
  if (more) askOn(turn, from, isNearer && isPageful(answer.decisions, ANSWER_DECISIONS));
  else turn.updateProgress({ followed: 0 });
}

/** Asks on where there is more: the same one as long as pages of decisions come of it. */
function askOn(turn: Turn, from: string, isPage: boolean): void {
  const { followed, whom } = followUp(turn.state.progress.followed, isPage);
  turn.updateProgress({ followed });
  if (whom === 'same') ask(turn, from, 'more');
  else if (whom === 'another') ask(turn, nextPeer(turn, from), 'more');
}

interface Taken {
  readonly recovered: number;
  readonly result: 'new' | 'nothing' | 'timeout' | 'refused';
}

function takeAnswer(turn: Turn, answer: Infer<typeof answerCodec>): Taken {
  let recovered = 0;
  for (const raw of answer.decisions) {
    const result = receiveCertified(turn, raw, 'answer');
    if (result === 'new') recovered++;
    // What came by another way meanwhile is no lie, nor is a certificate of the same decision with another view.
    else if (result !== 'ignored' && result !== 'duplicate' && result !== 'stale')
      return { recovered, result: 'refused' };
  }
  for (const raw of answer.ballots) if (receive(turn, raw) === 'new') recovered++;
  for (const value of answer.values) {
    if (turn.state.agreement) turn.update({ agreement: agreement.onValue(turn.state.agreement, value).state });
  }
  settle(turn);
  return { recovered, result: recovered > 0 ? 'new' : 'nothing' };
}
