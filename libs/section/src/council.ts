import * as agreement from '@witan/agreement';
import {
  type Action,
  certificateMessage,
  type Decision,
  decisionHash,
  decodeDecision,
  encodeCertified,
  encodeDecision,
} from '@witan/chain';
import { combineVerified, nodeName, sha256, signShare, toHex } from '@witan/crypto';
import { unlessBad } from '@witan/errors';
import type { Ledger } from './ledger.ts';
import { nextAction, startAmong } from './policy.ts';
import { type State, votingShare } from './state.ts';

/** The decision that `action` would be, as the next generation of the ledger. */
export function makeDecision(ledger: Ledger, action: Action): Uint8Array {
  return encodeDecision({
    network: ledger.network,
    prefix: ledger.prefix,
    generation: ledger.generation + 1,
    parent: ledger.head,
    action,
  });
}

/**
 * The next generation, as the agreement library sees it. This elder also votes for what so many insist on that an honest
 * one is among them, who has seen what this one has not: a join request that its author sent to some only, a node that some
 * cannot reach, the share of a participant. Those who have bound themselves to it could otherwise wait for this elder for
 * ever.
 */
export function councilApplication(state: State): agreement.Application {
  const { ledger, sight, env } = state as State & { ledger: Ledger };
  const action = nextAction(ledger, sight, env.params.policy);
  const candidate = action && makeDecision(ledger, action);
  // The agreement votes on hashes; what is signed is the decision behind one, which it has shown here before.
  const shown = new Map<agreement.Hash, Uint8Array>();
  const show = (value: Uint8Array) => shown.set(toHex(sha256(value)), value);
  const valueBehind = (hash: agreement.Hash) => shown.get(hash) ?? agreement.value(state.agreement!, hash);
  if (candidate) show(candidate);
  return {
    candidate: candidate && { value: candidate, determined: false },
    judge: (value) => {
      show(value);
      const verdict = judge(state, ledger, value);
      return verdict === 'unknown' && agreement.isInsistedOn(state.agreement!, value) ? 'valid' : verdict;
    },
    awaited: [],
    endorse: (view, hash) => signShare(votingShare(state)!, certificateMessage(decisionHash(valueBehind(hash)!), view)),
    certify: (view, hash, precommits) => {
      const value = valueBehind(hash)!;
      const combined = combineVerified({
        publicKey: ledger.key,
        publicKeyShares: ledger.elders.map((elder) => elder.publicKeyShare),
        message: certificateMessage(decisionHash(value), view),
        shares: [...precommits.values()].map((vote) => ({ index: vote.voter, signature: vote.extra })),
        threshold: ledger.threshold,
      });
      return 'bad' in combined ? combined : { certificate: encodeCertified(value, view, combined.signature) };
    },
  };
}

/**
 * Whether this elder would vote for a decision. `invalid` is what no honest elder proposes; what merely is not what
 * this one sees stays `unknown`, and is voted for as soon as it sees it too.
 */
function judge(state: State, ledger: Ledger, value: Uint8Array): agreement.Verdict {
  const decision = unlessBad(() => decodeDecision(value));
  if (!decision || !follows(decision, ledger)) return 'invalid';
  switch (decision.action.type) {
    case 'genesis':
      return 'invalid';
    case 'join':
      return judgeJoin(state, ledger, decision.action.nodes);
    case 'dkg': {
      if (decision.action.chainLength !== ledger.chain.length) return 'invalid';
      const names = decision.action.participants.map(nodeName);
      if (names.some((name) => !ledger.members.has(name))) return 'invalid';
      return sameAction(ledger, value, startAmong(ledger, state.sight, state.env.params.policy, new Set(names)));
    }
    case 'handover': {
      const { pending } = ledger;
      if (!pending || Buffer.compare(decision.action.session, pending.certified.hash) !== 0) return 'invalid';
      const action = nextAction(ledger, state.sight, state.env.params.policy);
      return sameAction(ledger, value, action?.type === 'handover' ? action : undefined);
    }
  }
}

function follows(decision: Decision, ledger: Ledger): boolean {
  return (
    decision.generation === ledger.generation + 1 &&
    decision.prefix === ledger.prefix &&
    Buffer.compare(decision.parent, ledger.head) === 0 &&
    Buffer.compare(decision.network, ledger.network) === 0
  );
}

function judgeJoin(state: State, ledger: Ledger, nodes: readonly Uint8Array[]): agreement.Verdict {
  const names = nodes.map(nodeName);
  const sorted = names.every((name, at) => at === 0 || name > names[at - 1]!);
  if (names.length === 0 || !sorted || names.some((name) => ledger.members.has(name))) return 'invalid';
  return names.every((name) => state.sight.joins.has(name)) ? 'valid' : 'unknown';
}

function sameAction(ledger: Ledger, value: Uint8Array, action: Action | undefined): agreement.Verdict {
  if (!action) return 'unknown';
  return Buffer.compare(makeDecision(ledger, action), value) === 0 ? 'valid' : 'unknown';
}
