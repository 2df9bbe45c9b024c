import * as agreement from '@witan/agreement';
import {
  type Certified,
  certificateMessage,
  decisionHash,
  encodeCertified,
  encodeDecision,
  NO_PARENT,
} from '@witan/chain';
import { encodeG1, keyPair, type Scalar, signShare } from '@witan/crypto';
import { encode } from '@witan/wire';
import { councilApplication } from './council.ts';
import { append, type Ledger, openGenesis } from './ledger.ts';
import { proposalBody, voteBody } from './messages.ts';
import { VOTES_WRITTEN_MOST, withOwnVote } from './own-votes.ts';
import { nextLookMs } from './policy.ts';
import type { DecisionSource } from './reports.ts';
import { destroyOldShares, rewrite, takeShare } from './shares.ts';
import { freshAgreement, votingShare } from './state.ts';
import type { Turn } from './turn.ts';

/** Runs the agreement on the next generation until there is nothing more to say. */
export function settle(turn: Turn): void {
  while (advanceOnce(turn)) {
    // a decision opens the next generation, where more may be wanted
  }
  lookAgain(turn);
}

function advanceOnce(turn: Turn): boolean {
  const { ledger, agreement: before } = turn.state;
  if (!ledger || !before || votingShare(turn.state) === undefined) return false;
  const { state, outputs } = agreement.advance(before, councilApplication(turn.state));
  turn.update({ agreement: state });
  let again = false;
  for (const output of outputs) {
    switch (output.type) {
      case 'vote':
        vote(turn, ledger, output);
        again = true;
        break;
      case 'propose':
        propose(turn, ledger, output);
        break;
      case 'timer':
        turn.setTimer(`agreement/${ledger.generation + 1}/${output.view}/${output.step}`, output.afterMs);
        if (output.step === 'propose' && output.view > 0) reportView(turn, ledger, output.view);
        break;
      case 'decide':
        adopt(turn, output.certificate, 'own');
        return true;
      case 'need':
        turn.setTimer('catch-up', turn.state.env.params.catchUpMs);
        break;
    }
  }
  return again;
}

function vote(turn: Turn, ledger: Ledger, output: Extract<agreement.Output, { type: 'vote' }>): void {
  const current = turn.state.agreement!;
  const generation = ledger.generation + 1;
  const ballot = agreement.voteOf(current.options.instance, output);
  const { raw } = turn.sign('sectionVote', encode(voteBody, { prefix: ledger.prefix, generation, vote: ballot }));
  const voted = { type: 'voted', generation, raw, value: output.value, justification: output.justification } as const;
  const next = withOwnVote(turn.state, voted);
  turn.update({ agreement: agreement.attachRaw(current, output.view, output.step, raw), ...next });
  if (next.votesWritten > VOTES_WRITTEN_MOST) rewrite(turn, ledger);
  else turn.persist(voted);
  turn.broadcast('decisions', raw);
}

function propose(turn: Turn, ledger: Ledger, output: Extract<agreement.Output, { type: 'propose' }>): void {
  const current = turn.state.agreement!;
  const proposal = agreement.proposalOf(current.options.instance, output);
  const body = { prefix: ledger.prefix, generation: ledger.generation + 1, proposal };
  const { raw } = turn.sign('sectionProposal', encode(proposalBody, body));
  turn.broadcast('decisions', raw);
  turn.update({ agreement: agreement.attachRaw(current, output.view, 'propose', raw) });
}

function reportView(turn: Turn, ledger: Ledger, view: number): void {
  const waitingOn = agreement.silent(turn.state.agreement!).map((index) => ledger.elders[index]!.name);
  turn.report({ type: 'view', at: turn.at, generation: ledger.generation + 1, view, waitingOn });
}

/**
 * Takes a certified decision, from the own agreement or from anyone: it proves itself.
 * @throws WitanError when it does not, or is not the next generation
 */
export function adopt(turn: Turn, raw: Uint8Array, source: DecisionSource): void {
  const { env, ledger: before } = turn.state;
  let ledger: Ledger;
  let certified: Certified;
  if (before) ({ ledger, certified } = append(before, raw));
  else {
    ledger = openGenesis(raw, env.network, env.genesisKey);
    certified = ledger.chain[0]!.certified;
  }
  turn.persist({ type: 'decided', raw });
  install(turn, ledger);
  destroyOldShares(turn);
  turn.learn();
  turn.report({ type: 'decided', at: turn.at, certified, ledger, source });
  if (source === 'own') turn.broadcast('events', raw);
}

/** Makes `ledger` the current one and opens the agreement on the generation after it. */
export function install(turn: Turn, ledger: Ledger): void {
  const { state } = turn;
  const joins = new Map([...state.sight.joins].filter(([name]) => !ledger.members.has(name)));
  const changed =
    ledger.members.size !== state.ledger?.members.size || ledger.chain.length !== state.ledger?.chain.length;
  const sessions = new Map(state.sight.sessions);
  const shareless = ledger.chain.length === state.ledger?.chain.length ? state.sight.shareless : new Map();
  if (ledger.pending && !sessions.has(ledger.pending.id)) {
    // A further attempt: who lied in one before would lie in this one too.
    const before = sessions.get(state.ledger?.pending?.id ?? '');
    const blamed = before?.blamed ?? [];
    const givenUp = (before?.givenUp ?? 0) + (before?.state === 'done' ? 1 : 0);
    sessions.clear();
    sessions.set(ledger.pending.id, {
      since: turn.at,
      state: 'running',
      outcome: undefined,
      givenUp,
      blamed,
      silent: [],
    });
  }
  turn.update({
    ledger,
    agreement: freshAgreement(state, ledger),
    votes: [],
    votesWritten: 0,
    sight: { ...state.sight, joins, sessions, shareless, changedAt: changed ? turn.at : state.sight.changedAt },
  });
}

/** The first node makes the genesis key alone: generation 0, signed by the key that it announces. */
export function createGenesis(turn: Turn, secret: Scalar): void {
  const { env, ledger } = turn.state;
  if (ledger) return;
  const key = encodeG1(keyPair(secret).publicKey);
  const decision = encodeDecision({
    network: env.network,
    prefix: env.prefix,
    generation: 0,
    parent: NO_PARENT,
    action: { type: 'genesis', node: env.identity.publicKey, key },
  });
  const signature = signShare(secret, certificateMessage(decisionHash(decision), 0));
  takeShare(turn, key, secret);
  adopt(turn, encodeCertified(decision, 0, signature), 'own');
}

function lookAgain(turn: Turn): void {
  const { ledger, sight, env } = turn.state;
  if (!ledger || votingShare(turn.state) === undefined) return;
  const afterMs = nextLookMs(ledger, sight, env.params.policy);
  if (afterMs !== undefined) turn.setTimer('look', afterMs);
}
