import * as agreement from '@witan/agreement';
import { followUp } from '@witan/anti-entropy';
import { encode } from '@witan/wire';
import { missing } from './closing.ts';
import { holdings, holdingsCodec } from './holdings.ts';
import { Phase } from './phases.ts';
import { missingOfClose, wantedIds, whoAreAhead } from './receive.ts';
import type { AskReason } from './reports.ts';
import { withoutFinalisation } from './result.ts';
import type { Session } from './session.ts';
import { isDone, type State } from './state.ts';
import type { Turn } from './turn.ts';

/*
 * When and whom a participant asks. One question at a time; but an answer that keeps it waiting, as a lost one does for
 * ever, does not keep it from asking the next. It is still welcome when it comes.
 */

export const PATIENCE = 'patience';

/** Asks `to` for what is missing, unless somebody is being asked. */
export function ask(turn: Turn, to: string, reason: AskReason): void {
  const { state } = turn;
  const { asking, overdue } = state.progress;
  if (asking !== undefined || overdue.has(to)) return;
  if (isComplete(state) || state.failed || to === state.env.identity.name) return;
  turn.update({ progress: { ...state.progress, asking: to } });
  turn.effects.push({
    type: 'request',
    to,
    verb: 'ae.dkg',
    bytes: turn.sign('dkgHoldings', encode(holdingsCodec, holdings(state))).raw,
    timeoutMs: state.env.params.requestTimeoutMs,
    tag: `ae/${to}`,
  });
  turn.setTimer(PATIENCE, paced(state.env.params.patienceMs, state.session));
  turn.report({ type: 'asked', at: turn.at, to, reason });
}

/** Asks whoever may help next, but not `last`. */
export function askNext(turn: Turn, reason: AskReason, last?: string): void {
  for (const _ of turn.state.session.participants) {
    if (turn.state.progress.asking !== undefined) return;
    const peer = nextPeer(turn);
    if (peer && peer !== last) ask(turn, peer, reason);
  }
}

/**
 * After an answer of `from`: asks on if there is `more`. The same one only as long as the phase gets on by what it says.
 *
 * @param before how near to its end the phase was before the answer
 */
export function afterAnswer(turn: Turn, from: string, more: boolean, before: string): void {
  const { progress } = turn.state;
  const { followed, whom } = followUp(progress.followed, !more || standing(turn.state) !== before);
  turn.update({ progress: { ...progress, followed } });
  if (!more) return;
  if (whom === 'same') ask(turn, from, 'more');
  else if (whom === 'another') askNext(turn, 'more', from);
}

/** Whose answer may help: one of those whose own message is missing, then two of all, so that each has its turn. */
function nextPeer(turn: Turn): string | undefined {
  const { state } = turn;
  const { participants } = state.session;
  const silent = state.phase < Phase.Finalisation ? missing(state) : isDone(state) ? unshown(state) : [];
  const { turn: at } = state.progress;
  turn.update({ progress: { ...state.progress, turn: at + 1 } });
  const isForSilent = at % 3 === 0 && silent.length > 0;
  const others = (isForSilent ? silent : participants.map((each) => each.index)).filter((index) => index !== state.me);
  // Each of the two goes on where it was: counted together, some participants would never be asked.
  const thirds = Math.floor(at / 3);
  const nth = silent.length === 0 ? at : isForSilent ? thirds : at - thirds - 1;
  return others.length === 0 ? undefined : participants[others[nth % others.length]!]!.name;
}

/** `from` has answered, or there will be no answer from it. */
export function noteAnswer(turn: Turn, from: string, came: boolean): void {
  const { progress } = turn.state;
  const { asking, overdue } = progress;
  const wasAsked = asking === from;
  if (wasAsked) turn.cancelTimer(PATIENCE);
  turn.update({
    progress: {
      ...progress,
      asking: wasAsked ? undefined : asking,
      overdue: new Set([...overdue].filter((peer) => peer !== from)),
      unanswered: progress.unanswered + (wasAsked && !came ? 1 : 0),
      followed: came ? progress.followed : 0,
    },
  });
}

/** Nobody is kept waiting by one who does not answer: the next is asked at once, until all have been. */
export function askOn(turn: Turn): void {
  const { session, progress } = turn.state;
  if (progress.unanswered < session.participants.length) askNext(turn, 'no-progress');
}

/** The answer is overdue. */
export function onPatience(turn: Turn): void {
  const { progress } = turn.state;
  if (progress.asking === undefined) return;
  turn.update({
    progress: {
      ...progress,
      asking: undefined,
      overdue: new Set(progress.overdue).add(progress.asking),
      unanswered: progress.unanswered + 1,
    },
  });
  askOn(turn);
}

/**
 * Something that others have is missing, and has been for a while: a message came of a later phase, or votes for it. What is
 * known to be missing many have; that one is ahead, it may have made up, and so each of those who say it has its turn.
 */
export function catchUp(turn: Turn): void {
  const { state } = turn;
  if (isLacking(state)) {
    askNext(turn, 'missing-message');
    return;
  }
  const { progress } = state;
  const ahead = whoAreAhead(state).map((sender) => turn.nameOf(sender));
  const answering = ahead.filter((name) => !progress.overdue.has(name));
  if (progress.asking !== undefined || answering.length === 0) return;
  turn.update({ progress: { ...progress, turnAhead: progress.turnAhead + 1 } });
  ask(turn, answering[progress.turnAhead % answering.length]!, 'later-phase');
}

function isLacking(state: State): boolean {
  if (state.pendingClose || wantedIds(state).length > 0) return true;
  return agreement.wantedValues(state.agreement).length > 0;
}

/** A phase begins: from now on it is seen to get on. */
export function watch(turn: Turn): void {
  const { progress, env, session } = turn.state;
  const waitMs = paced(env.params.progressMs, session);
  turn.update({ progress: { ...progress, learntAtLastTick: progress.learnt, standing: standing(turn.state), waitMs } });
  turn.setTimer('progress', waitMs);
}

/**
 * The tick of the timer `progress`: asks the next one if the running phase is no nearer to its end than at the last.
 *
 * @returns whether it is
 */
export function tick(turn: Turn): boolean {
  const { progress, env, session } = turn.state;
  const firstMs = paced(env.params.progressMs, session);
  const now = standing(turn.state);
  const isIdle = now === progress.standing;
  const hasLearnt = progress.learnt !== progress.learntAtLastTick;
  const waitMs = hasLearnt ? firstMs : Math.min(progress.waitMs * 2, Math.max(firstMs, env.params.progressMaxMs));
  const unanswered = hasLearnt ? 0 : progress.unanswered;
  turn.update({ progress: { ...progress, learntAtLastTick: progress.learnt, standing: now, waitMs, unanswered } });
  turn.setTimer('progress', waitMs);
  if (isIdle) askNext(turn, 'no-progress');
  return !isIdle;
}

/** Done, and everybody else has shown a share: nothing more is to be known. */
function isComplete(state: State): boolean {
  return isDone(state) && unshown(state).length === 0;
}

/** The others of whom no Finalisation is here. */
function unshown(state: State): readonly number[] {
  return withoutFinalisation(state).filter((index) => index !== state.me);
}

/**
 * The tick of a session that is done: the elders want to know whether all have their share. A few questions tell, unless
 * those who would have to say it are gone.
 */
export function tickWhenDone(turn: Turn): void {
  const { progress, env, session } = turn.state;
  const isOver = progress.waitMs >= Math.max(paced(env.params.progressMs, session), env.params.progressMaxMs);
  if (!isOver && !isComplete(turn.state)) tick(turn);
}

/**
 * How near to its end the running phase is: by what there can be only so much of, and never less. Votes do not count: while
 * a message is missing, views come and go, and each brings votes. Nor does what a proposal names: anyone can make up more.
 */
export function standing(state: State): string {
  const opened = [...state.openings.values()].reduce((sum, bySender) => sum + bySender.size, 0);
  const here = state.messages[state.phase]!.size;
  return `${state.phase} ${here} ${opened} ${missingOfClose(state).length} ${state.pendingClose?.hash}`;
}

/** What takes seven participants `ms` takes more of them longer: each has the words of all to judge. */
function paced(ms: number, { participants }: Session): number {
  return ms * Math.max(1, participants.length / 7);
}
