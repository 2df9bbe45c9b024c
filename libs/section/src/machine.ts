import * as agreement from '@witan/agreement';
import { type Scalar, scalarFromBytes, toHex } from '@witan/crypto';
import type { Machine, RuntimeEvent, Step } from '@witan/runtime';
import { decode, openEnvelope, peekEnvelope } from '@witan/wire';
import { ANYONE, ask, nextPeer, serve, take } from './anti-entropy.ts';
import { createGenesis, install, settle } from './decide.ts';
import { decodeFact, type Fact } from './facts.ts';
import { append, openGenesis } from './ledger.ts';
import { voteBody } from './messages.ts';
import { withOwnVote } from './own-votes.ts';
import type { SessionNews } from './policy.ts';
import { noteAhead, receive, receiveCertified } from './receive.ts';
import { rememberShare, takeShare } from './shares.ts';
import { currentShare, type Env, elderIndex, emptyState, type State, votingShare } from './state.ts';
import { Turn } from './turn.ts';

/** What can happen to a node's view of its section. `at` is monotonic milliseconds. */
export type Event =
  /** The first node makes the genesis key, with a fresh secret. */
  | { readonly type: 'create'; readonly secret: Scalar; readonly at: number }
  /** A signed message: vote, proposal, join request, heartbeat. */
  | { readonly type: 'received'; readonly bytes: Uint8Array; readonly at: number }
  | { readonly type: 'certified'; readonly bytes: Uint8Array; readonly at: number }
  /** A member speaks in a session that nobody here has heard of: it has at least the decision of this generation. */
  | { readonly type: 'behind'; readonly node: string; readonly generation: number; readonly at: number }
  | { readonly type: 'share'; readonly key: Uint8Array; readonly share: Scalar; readonly at: number }
  | {
      readonly type: 'session';
      readonly id: string;
      readonly status: SessionNews;
      readonly at: number;
    }
  /** The session has a proof against this node, whatever becomes of it. */
  | { readonly type: 'blamed'; readonly id: string; readonly node: string; readonly at: number }
  /** Of a node that was restored: it has heard the others, and everything up to this generation is the past. */
  | { readonly type: 'restored'; readonly generation: number; readonly at: number }
  | { readonly type: 'request'; readonly id: string; readonly bytes: Uint8Array; readonly at: number }
  | RuntimeEvent;

/** A node's view of its section: followed by everyone, decided by those who hold a share of the current key. */
export function sectionMachine(): Machine<State, Event> {
  return {
    step: (state, event) => run(state, event.at, (turn) => handle(turn, event)),
    recover: (state, record) => {
      const turn = new Turn(state, 0);
      replay(turn, decodeFact(record));
      return turn.state;
    },
    resume: (state, at) =>
      run(state, at, (turn) => {
        turn.updateSight({ at, since: at, changedAt: at });
        resumeSessions(turn);
        const { ledger } = turn.state;
        const usableShare = currentShare(turn.state) !== undefined;
        if (ledger) turn.report({ type: 'ledger', at, ledger, recovered: true, usableShare });
        for (const raw of ownWords(turn.state)) turn.broadcast('decisions', raw);
        begin(turn);
      }),
  };
}

export function initialState(env: Env): State {
  return emptyState(env);
}

function run(state: State, at: number, act: (turn: Turn) => void): Step<State> {
  const turn = new Turn({ ...state, sight: { ...state.sight, at } }, at);
  act(turn);
  return { state: turn.state, effects: turn.effects };
}

function begin(turn: Turn): void {
  turn.setTimer('progress', turn.state.env.params.progressMs);
  settle(turn);
  ask(turn, nextPeer(turn), 'start');
}

function handle(turn: Turn, event: Event): void {
  switch (event.type) {
    case 'create':
      createGenesis(turn, event.secret);
      break;
    case 'received':
      receive(turn, event.bytes);
      break;
    case 'certified':
      receiveCertified(turn, event.bytes, 'broadcast');
      break;
    case 'behind':
      // Often the decision was only a step behind the message, and is here by now.
      if (event.generation > (turn.state.ledger?.generation ?? -1)) noteAhead(turn, event.node, event.generation);
      break;
    case 'share':
      takeShare(turn, event.key, event.share);
      break;
    case 'session':
      noteSession(turn, event.id, event.status);
      break;
    case 'blamed':
      noteBlame(turn, event.id, [event.node]);
      break;
    case 'restored':
      turn.update({ restoredAt: event.generation });
      break;
    case 'request':
      serve(turn, event.bytes, event.id);
      return;
    case 'response':
      take(turn, event.tag.slice('ae/'.length), event.ok ? event.bytes : undefined);
      break;
    case 'timer':
      onTimer(turn, event.id);
      break;
  }
  settle(turn);
}

function noteSession(turn: Turn, id: string, status: SessionNews): void {
  noteBlame(turn, id, status.blamed);
  const { sessions } = turn.state.sight;
  const known = sessions.get(id);
  if (!known) return;
  const { since, blamed, givenUp } = known;
  const doneAt = status.state === 'done' ? (known.doneAt ?? turn.at) : undefined;
  const noted = { ...status, blamed, since, givenUp, ...(doneAt === undefined ? {} : { doneAt }) };
  turn.updateSight({ sessions: new Map(sessions).set(id, noted) });
}

/**
 * Whom the attempts at the next key blame is written down: a session that is given up is forgotten by all, and its
 * messages with it. With the key the blame has served.
 */
function noteBlame(turn: Turn, id: string, nodes: readonly string[]): void {
  const { ledger, sight } = turn.state;
  const known = sight.sessions.get(id);
  if (!known || ledger?.pending?.id !== id) return;
  const fresh = nodes.filter((name) => !known.blamed.includes(name));
  if (fresh.length === 0) return;
  turn.persist({
    type: 'blamed',
    session: Buffer.from(id, 'hex'),
    nodes: fresh.map((name) => Buffer.from(name, 'hex')),
  });
  rememberBlame(turn, id, fresh);
}

function rememberBlame(turn: Turn, id: string, nodes: readonly string[]): void {
  const { sessions } = turn.state.sight;
  const known = sessions.get(id);
  if (!known) return;
  const blamed = [...new Set([...known.blamed, ...nodes])];
  turn.updateSight({ sessions: new Map(sessions).set(id, { ...known, blamed }) });
}

/** After a restart the clock is another: a session that was running began, for this node, now. */
function resumeSessions(turn: Turn): void {
  const { sessions } = turn.state.sight;
  turn.updateSight({ sessions: new Map([...sessions].map(([id, each]) => [id, { ...each, since: turn.at }])) });
}

/**
 * Own votes as they were sent, or were not any more before the process ended: of the view that it is in, and of the one
 * before, which may have led the others to it.
 */
function ownWords({ agreement: current, votes, env }: State): readonly Uint8Array[] {
  if (!current) return [];
  const { view } = agreement.position(current);
  const isLate = (raw: Uint8Array) => decode(voteBody, peekEnvelope(raw, env.network).body).vote.view >= view - 1;
  return votes.map(({ raw }) => raw).filter(isLate);
}

function onTimer(turn: Turn, id: string): void {
  const { state } = turn;
  const [kind, generation, view, step] = id.split('/');
  if (kind === 'agreement') {
    if (!state.agreement || Number(generation) !== (state.ledger?.generation ?? -1) + 1) return;
    const timer = { view: Number(view), step: step as 'propose' };
    turn.update({ agreement: agreement.onTimeout(state.agreement, timer) });
  } else if (kind === 'catch-up') {
    catchUp(turn);
  } else if (kind === 'progress') {
    progress(turn);
  }
}

function catchUp(turn: Turn): void {
  const { ahead, behind } = turn.state.progress;
  const generation = turn.state.ledger?.generation ?? -1;
  if (ahead && ahead.generation > generation) {
    turn.updateProgress({ ahead: undefined });
    // Decisions prove themselves, whoever has them: the elders that are known here may be those of long ago.
    if (behind === 'unhelped') ask(turn, ANYONE, 'behind');
    else ask(turn, ahead.node === '' ? nextPeer(turn) : ahead.node, 'behind');
  } else {
    turn.updateProgress({ ahead: undefined });
    if (isDeciding(turn.state)) ask(turn, nextPeer(turn), 'no-progress');
  }
}

function progress(turn: Turn): void {
  const { state } = turn;
  const { learnt, learntAtLastTick, waitMs } = state.progress;
  const wanting = !state.ledger || isDeciding(state);
  const idle = learnt === learntAtLastTick && wanting;
  const next = idle ? Math.min(waitMs * 2, state.env.params.progressMaxMs) : state.env.params.progressMs;
  turn.updateProgress({ learntAtLastTick: learnt, waitMs: next });
  turn.setTimer('progress', next);
  if (idle) ask(turn, nextPeer(turn), state.ledger ? 'no-progress' : 'start');
}

/** Whether something is to be decided that this elder takes part in. */
export function isDeciding(state: State): boolean {
  const current = state.agreement;
  if (!current || votingShare(state) === undefined) return false;
  const { view, prevotes } = agreement.holdings(current);
  return current.candidate !== undefined || view > 0 || prevotes.some((byte) => byte !== 0);
}

function replay(turn: Turn, fact: Fact): void {
  const { state } = turn;
  switch (fact.type) {
    case 'decided': {
      const { env, ledger } = state;
      install(turn, ledger ? append(ledger, fact.raw).ledger : openGenesis(fact.raw, env.network, env.genesisKey));
      break;
    }
    case 'voted': {
      const { ledger, agreement: current } = state;
      if (!ledger || !current || fact.generation !== ledger.generation + 1 || current.options.me < 0) return;
      const { vote } = decode(voteBody, openEnvelope(fact.raw, state.env.network).body);
      let next = agreement.recoverVote(current, agreement.voteRecord(elderIndex(state), vote, fact.raw), fact.value);
      for (const raw of fact.justification) {
        const signed = openEnvelope(raw, state.env.network);
        const voter = ledger.elders.findIndex((elder) => elder.name === signed.author);
        if (voter < 0) continue;
        next = agreement.onVote(next, agreement.voteRecord(voter, decode(voteBody, signed.body).vote, raw)).state;
      }
      turn.update({ agreement: next, ...withOwnVote(state, fact) });
      break;
    }
    case 'share':
      rememberShare(turn, fact.key, scalarFromBytes(fact.share));
      break;
    case 'blamed':
      rememberBlame(turn, toHex(fact.session), fact.nodes.map(toHex));
      break;
  }
}
