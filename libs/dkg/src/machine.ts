import * as agreement from '@witan/agreement';
import { scalarFromBytes, scalarToBytes } from '@witan/crypto';
import type { Machine, RuntimeEvent, Step } from '@witan/runtime';
import { openEnvelope } from '@witan/wire';
import { begin, enact, recoverOwnVote, settle, settleSilently } from './advance.ts';
import { serve, take } from './anti-entropy.ts';
import { askNext, askOn, catchUp, onPatience, PATIENCE, tick, tickWhenDone } from './asking.ts';
import { decodeFact, encodeFact, type Fact } from './facts.ts';
import { openMessage, phaseOf } from './messages.ts';
import { Phase, phaseName } from './phases.ts';
import { PRESENCE_AT, showPresence } from './presence.ts';
import { accept, receive } from './receive.ts';
import type { Session } from './session.ts';
import { beginRepair, REPAIR, takeRepair, tryOn } from './share-repair/repair.ts';
import { speak } from './speak.ts';
import { allCounted, type Env, emptyState, isDone, type State } from './state.ts';
import { sessionTopic, Turn } from './turn.ts';
import { decodeCloseCertificate, makeClose } from './votes.ts';
import { isShort, waitingOn } from './waiting.ts';

/** What can happen to a participant. `at` is monotonic milliseconds. */
export type Event =
  /** The session begins here. `seed` is 32 fresh random bytes; none for a node that only follows. */
  | { readonly type: 'start'; readonly seed: Uint8Array | undefined; readonly at: number }
  | { readonly type: 'received'; readonly bytes: Uint8Array; readonly at: number }
  | { readonly type: 'request'; readonly id: string; readonly bytes: Uint8Array; readonly at: number }
  | RuntimeEvent
  /** The session is done and its host finds no share here: asks the others for it. `secret` is 32 fresh random bytes. */
  | { readonly type: 'repair'; readonly secret: Uint8Array; readonly at: number }
  /** The key is in use (or will never be): seed and session keys are destroyed. */
  | { readonly type: 'retire'; readonly at: number };

/** One participant of one session; also a follower, who computes the outcome and has no share. */
export function dkgMachine(): Machine<State, Event> {
  return {
    step: (state, event) => run(state, event.at, (turn) => handle(turn, event)),
    recover: (state, record) => {
      const turn = new Turn(state, 0);
      replay(turn, decodeFact(record));
      settleSilently(turn);
      return turn.state;
    },
    resume: (state, at) => run(state, at, resume),
  };
}

export function initialState(env: Env, session: Session): State {
  return emptyState(env, session);
}

function run(state: State, at: number, act: (turn: Turn) => void): Step<State> {
  const turn = new Turn(state, at);
  act(turn);
  return { state: turn.state, effects: turn.effects };
}

function handle(turn: Turn, event: Event): void {
  switch (event.type) {
    case 'start':
      start(turn, event.seed);
      break;
    case 'received':
      receive(turn, event.bytes);
      settle(turn);
      break;
    case 'request':
      serve(turn, event.bytes, event.id);
      break;
    case 'response':
      if (event.tag.startsWith(`${REPAIR}/`)) {
        takeRepair(turn, event.tag, event.ok ? event.bytes : undefined);
        // One that has its share by now shows it.
        speak(turn);
        break;
      }
      take(turn, event.tag.slice('ae/'.length), event.ok ? event.bytes : undefined);
      settle(turn);
      if (!event.ok) askOn(turn);
      break;
    case 'timer':
      onTimer(turn, event.id);
      settle(turn);
      break;
    case 'repair':
      beginRepair(turn, event.secret);
      break;
    case 'retire':
      retire(turn);
      break;
  }
  noteRecovery(turn);
}

function start(turn: Turn, seed: Uint8Array | undefined): void {
  const { session, started } = turn.state;
  if (started) return;
  const own = turn.state.me < 0 ? undefined : seed;
  turn.update({ started: true, seed: own });
  turn.persist({ type: 'started', start: session.start, seed: own });
  announce(turn, false);
  begin(turn);
  settle(turn);
}

function announce(turn: Turn, restarted: boolean): void {
  const participants = turn.state.session.participants.map((each) => each.name);
  turn.report({ type: 'started', at: turn.at, participants, restarted });
}

/** After the journal is folded in: says again what it said in the running phase, and asks what it missed. */
function resume(turn: Turn): void {
  const { state } = turn;
  if (!state.started) return;
  announce(turn, true);
  if (state.failed) return;
  begin(turn);
  for (const bytes of ownWords(state)) turn.effects.push({ type: 'broadcast', topic: sessionTopic(state), bytes });
  settle(turn);
  askNext(turn, 'restart');
}

/** Own signed messages and votes of the running phase, as they were sent. */
function ownWords(state: State): readonly Uint8Array[] {
  const message = state.messages[state.phase]!.get(state.me);
  const openings = [...state.openings.values()].flatMap((bySender) => bySender.get(state.me) ?? []);
  const all = [...(message ? [message] : []), ...openings].map((each) => each.signed.raw);
  const mine = agreement.holdings(state.agreement);
  const lacking = agreement.votesMissing(state.agreement, { ...mine, prevotes: EMPTY, precommits: EMPTY });
  return [...all, ...lacking.votes];
}

const EMPTY = new Uint8Array(0);

function onTimer(turn: Turn, id: string): void {
  const { state } = turn;
  const [kind, phase, view, step] = id.split('/');
  if (kind === 'presence') {
    if (Number(phase) !== state.phase) return;
    showPresence(turn);
    turn.setTimer(`deadline/${phase}`, (1 - PRESENCE_AT) * state.env.params.deadlineMs);
  } else if (kind === 'deadline') {
    if (Number(phase) !== state.phase || state.atDeadline) return;
    const { messages, present } = state;
    turn.update({ atDeadline: { heard: new Set(messages[state.phase]!.keys()), present } });
    // With enough messages the phase closes without the rest: it is not stalled unless the votes stay away too.
    if (isShort(state)) reportStall(turn);
  } else if (kind === 'agreement') {
    if (Number(phase) !== state.phase) return;
    const timer = { view: Number(view), step: step as 'propose' };
    turn.update({ agreement: agreement.onTimeout(state.agreement, timer) });
    // A vote that runs out of time is the first sign that a message or a vote was lost.
    askNext(turn, 'no-progress');
  } else if (kind === 'overdue') {
    if (Number(phase) === state.phase) turn.update({ overdue: 'yes' });
  } else if (kind === 'catch-up') {
    catchUp(turn);
  } else if (kind === PATIENCE) {
    onPatience(turn);
  } else if (kind === REPAIR) {
    tryOn(turn);
  } else if (kind === 'progress') {
    progress(turn);
  }
}

function progress(turn: Turn): void {
  const { state } = turn;
  if (isDone(state)) {
    tickWhenDone(turn);
    return;
  }
  if (state.failed) return;
  if (!tick(turn)) reportStall(turn);
}

function reportStall(turn: Turn): void {
  const { state } = turn;
  if (!state.atDeadline) return;
  const waiting = waitingOn(state).map((index) => turn.nameOf(index));
  if (waiting.length === 0) return;
  if (!state.progress.stalled) turn.update({ progress: { ...state.progress, stalled: true } });
  turn.report({ type: 'stalled', at: turn.at, phase: phaseName(state.phase), waitingOn: waiting });
}

function noteRecovery(turn: Turn): void {
  const { state } = turn;
  if (!state.progress.stalled || state.progress.learnt === state.progress.learntAtLastTick) return;
  if (state.atDeadline && !isDone(state)) return;
  turn.update({ progress: { ...state.progress, stalled: false } });
  turn.report({ type: 'resumed', at: turn.at, phase: phaseName(state.phase) });
}

/** Only the share and what helps stragglers stay; the journal is rewritten, so that the seed is gone from disk too. */
function retire(turn: Turn): void {
  const { state } = turn;
  if (!state.seed && !state.dealing) return;
  turn.update({ seed: undefined, dealing: undefined, shares: new Map(), supposed: undefined });
  const facts: Fact[] = [{ type: 'started', start: state.session.start, seed: undefined }];
  for (let phase = 0; phase < state.closes.length; phase++) {
    for (const { signed } of allCounted(state, phase as Phase)) facts.push({ type: 'accepted', raw: signed.raw });
    const close = state.closes[phase];
    if (close) facts.push({ type: 'closed', certificate: close.certificate });
    if (phase === Phase.Commitment) {
      for (const bySender of state.openings.values()) {
        for (const { signed } of bySender.values()) facts.push({ type: 'accepted', raw: signed.raw });
      }
    }
  }
  for (const { signed } of state.messages[Phase.Finalisation]!.values()) {
    facts.push({ type: 'accepted', raw: signed.raw });
  }
  const share = state.secretShare === undefined ? undefined : scalarToBytes(state.secretShare);
  if (isDone(state)) facts.push({ type: 'finished', share, forgot: state.forgot });
  turn.effects.push({ type: 'compact', records: facts.map((fact) => encodeFact(fact)) });
  if (state.seed) turn.effects.push({ type: 'destroy', bytes: state.seed });
}

function replay(turn: Turn, fact: Fact): void {
  const { state } = turn;
  switch (fact.type) {
    case 'started':
      turn.update({ started: true, seed: fact.seed });
      break;
    case 'accepted': {
      const signed = openEnvelope(fact.raw, state.env.network);
      const { payload } = openMessage(signed.body);
      const sender = state.session.indexOf.get(signed.author);
      if (sender === undefined || phaseOf(payload.type) !== state.phase || state.variants.has(signed.id)) break;
      accept(turn, signed, sender, payload);
      break;
    }
    case 'voted':
      recoverOwnVote(turn, fact);
      break;
    case 'closed': {
      const { value, view } = decodeCloseCertificate(fact.certificate, state.env.network);
      enact(turn, makeClose(value, view, fact.certificate));
      break;
    }
    case 'finished':
      turn.update({
        recorded: true,
        forgot: fact.forgot,
        ...(fact.share ? { secretShare: scalarFromBytes(fact.share) } : {}),
      });
      break;
  }
}
