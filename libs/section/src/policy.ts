import { type Action, type ActionOf, MAX_ATTEMPT, MAX_JOINS, supermajority } from '@witan/chain';
import { nodeName } from '@witan/crypto';
import { afterSession } from './handover.ts';
import type { Ledger, Member } from './ledger.ts';

/** What became of a DKG session, as far as this node knows. */
export interface SessionStatus {
  readonly since: number;
  /** When this node first knew its key. */
  readonly doneAt?: number;
  /** Sessions before it for the same key that were done, and given up for want of a share, as far as this node has seen them. */
  readonly givenUp: number;
  readonly state: 'running' | 'done' | 'failed';
  readonly outcome: SessionOutcome | undefined;
  /** Names blamed with proof, in this attempt or in one before it for the same key. */
  readonly blamed: readonly string[];
  /** Names waited for in vain in this attempt, accused dealers that did not answer among them. */
  readonly silent: readonly string[];
}

/** What the session itself says of that. */
export type SessionNews = Omit<SessionStatus, 'since' | 'doneAt' | 'givenUp'>;

export interface SessionOutcome {
  readonly key: Uint8Array;
  readonly publicKeyShares: readonly Uint8Array[];
  /** Names of the participants that have shown that they have their share of it. */
  readonly confirmed: readonly string[];
}

export interface Policy {
  /** Elders of a section that has enough nodes. */
  readonly elderCount: number;
  /** Quiet time after a change of members before the elders are chosen anew, so that nodes that come together go together. */
  readonly settleMs: number;
  /** An elder not heard of for this long may be replaced. */
  readonly absentAfterMs: number;
  /** A node not heard of for this long does not become an elder. */
  readonly unheardAfterMs: number;
  /** A session that has not ended after this long is tried again. */
  readonly retryAfterMs: number;
  /** A key is not handed over to for so long while a participant that is there has shown no share of it. */
  readonly confirmWithinMs: number;
  /**
   * An elder that is there and has had no usable share for this long gets another key made, in a session that it is
   * there for. Doubles with every key that the same elders have had before, so that nobody can keep them busy.
   */
  readonly rekeyAfterMs: number;
  /** A join request that has not been repeated for this long is forgotten. */
  readonly joinForMs: number;
}

export const DEFAULT_POLICY: Policy = {
  elderCount: 7,
  settleMs: 700,
  absentAfterMs: 120_000,
  unheardAfterMs: 5_000,
  retryAfterMs: 45_000,
  confirmWithinMs: 6_000,
  rekeyAfterMs: 60_000,
  joinForMs: 10_000,
};

export interface JoinRequest {
  readonly publicKey: Uint8Array;
  /** When it was last heard: those who want to join say so again and again. */
  readonly at: number;
}

/** What a node sees for itself: no two see quite the same, so it only ever guides votes, never what is valid. */
export interface Sight {
  readonly at: number;
  /** Name of this node. */
  readonly self: string;
  /** When this node began to look: nobody counts as absent since before. */
  readonly since: number;
  /** Elder processes heard of, by name. */
  readonly heard: ReadonlyMap<string, number>;
  /** The sequence of the last heartbeat of each of them. */
  readonly beats: ReadonlyMap<string, number>;
  /** Join requests that are open, by name. */
  readonly joins: ReadonlyMap<string, JoinRequest>;
  readonly sessions: ReadonlyMap<string, SessionStatus>;
  /** Elders that say that they have no usable share of the current key, and since when. */
  readonly shareless: ReadonlyMap<string, number>;
  /** When the members last changed. */
  readonly changedAt: number;
}

/** The one thing that this elder would have decided next, if any. */
export function nextAction(ledger: Ledger, sight: Sight, policy: Policy): Action | undefined {
  return handover(ledger, sight, policy) ?? join(ledger, sight, policy) ?? startDkg(ledger, sight, policy);
}

function handover(ledger: Ledger, sight: Sight, policy: Policy): ActionOf<'handover'> | undefined {
  const next = afterSession(ledger, sight, policy);
  if (next?.type !== 'hand-over') return undefined;
  const { certified } = ledger.pending!;
  const { participants, threshold } = certified.decision.action as ActionOf<'dkg'>;
  const { key, publicKeyShares } = next.outcome;
  return { type: 'handover', session: certified.hash, key, threshold, elders: participants, publicKeyShares };
}

function join(ledger: Ledger, sight: Sight, policy: Policy): ActionOf<'join'> | undefined {
  const isOpen = (name: string) => sight.at - sight.joins.get(name)!.at <= policy.joinForMs;
  const names = [...sight.joins.keys()].filter((name) => !ledger.members.has(name) && isOpen(name)).sort();
  if (names.length === 0) return undefined;
  return { type: 'join', nodes: names.slice(0, MAX_JOINS).map((name) => sight.joins.get(name)!.publicKey) };
}

export function startDkg(ledger: Ledger, sight: Sight, policy: Policy): ActionOf<'dkg'> | undefined {
  if (ledger.pending) {
    const again = retry(ledger, sight, policy) && unlookedMs(ledger, sight, policy) <= 0;
    return again ? startAgain(ledger, sight, policy, NOBODY) : undefined;
  }
  if (sight.at - sight.changedAt < policy.settleMs) return undefined;
  return startFirst(ledger, sight, policy, rekeyDelayMs(ledger, policy));
}

/**
 * The session that this elder would start if it left out exactly those who are not among `proposed`. It votes for it when
 * another proposes it, also for one that leaves out fewer than this elder knows reasons for: who proposes may not have seen
 * them.
 */
export function startAmong(
  ledger: Ledger,
  sight: Sight,
  policy: Policy,
  proposed: ReadonlySet<string>,
): ActionOf<'dkg'> | undefined {
  if (!ledger.pending) return startFirst(ledger, sight, policy, rekeyDelayMs(ledger, policy) / PROPOSED_EARLIER);
  if (!retry(ledger, sight, policy)) return undefined;
  return startAgain(ledger, sight, policy, proposed);
}

function startFirst(ledger: Ledger, sight: Sight, policy: Policy, afterMs: number): ActionOf<'dkg'> | undefined {
  const chosen = chooseElders(ledger, sight, policy);
  const isThere = (name: string) => sight.at - (sight.heard.get(name) ?? -Infinity) <= policy.unheardAfterMs;
  const needsKey = [...sight.shareless].some(([name, since]) => isThere(name) && sight.at - since >= afterMs);
  return sameNames(chosen, ledger.elders) && !needsKey ? undefined : sessionOf(ledger, chosen);
}

/**
 * Another may have heard long before this elder that somebody has no share, but not so long: one that claims to have none
 * and one that proposes at once would keep all others busy.
 */
const PROPOSED_EARLIER = 2;
const MOST_DOUBLINGS = 10;

function rekeyDelayMs({ chain, elders }: Ledger, policy: Policy): number {
  const now = elders.map((elder) => elder.name).join();
  let keys = 0;
  for (const { certified } of chain.toReversed()) {
    const { action } = certified.decision;
    if (action.type !== 'handover' || action.elders.map(nodeName).join() !== now) break;
    keys++;
  }
  return policy.rekeyAfterMs * 2 ** Math.min(MOST_DOUBLINGS, Math.max(0, keys - 1));
}

/**
 * Without the blamed, and without the silent in whose place another can come, but with those of them whom another has
 * `proposed`. Never smaller for silence: of fewer participants fewer may be faulty, and who is silent may be honest and
 * not heard. When too few would be left, the proven liars are taken back. A session that was done, and is given up for want
 * of a share, is tried again among the same: with others the elders would not be those that are wanted.
 */
function startAgain(ledger: Ledger, sight: Sight, policy: Policy, proposed: ReadonlySet<string>): ActionOf<'dkg'> {
  const { id, participants } = ledger.pending!;
  const status = sight.sessions.get(id);
  if (status?.state === 'done') {
    const same = participants.map((name) => ledger.members.get(name)!);
    return sessionOf(ledger, same);
  }
  const unproposed = (names: readonly string[] = []) => new Set(names.filter((name) => !proposed.has(name)));
  const silent = unproposed(status?.silent);
  const all = chooseElders(ledger, sight, policy, { silent });
  const chosen = chooseElders(ledger, sight, policy, { silent, blamed: unproposed(status?.blamed) });
  return sessionOf(ledger, chosen.length >= supermajority(all.length) ? chosen : all);
}

function sessionOf(ledger: Ledger, chosen: readonly Member[]): ActionOf<'dkg'> {
  return {
    type: 'dkg',
    chainLength: ledger.chain.length,
    participants: chosen.map((member) => member.publicKey),
    threshold: supermajority(chosen.length),
    attempt: ledger.pending ? Math.min(MAX_ATTEMPT, ledger.pending.attempt + 1) : 0,
  };
}

function retry(ledger: Ledger, sight: Sight, policy: Policy): boolean {
  const status = ledger.pending && sight.sessions.get(ledger.pending.id);
  if (!status) return false;
  if (status.state === 'done') return afterSession(ledger, sight, policy)?.type === 'again';
  return status.state === 'failed' || sight.at - status.since > policy.retryAfterMs;
}

/**
 * What is missing until this node has looked for long enough to know who could take the place of those that a failed
 * session blames. Only of one that began before this node looked, and may have failed before it did.
 */
function unlookedMs(ledger: Ledger, { at, since, sessions }: Sight, policy: Policy): number {
  const status = sessions.get(ledger.pending!.id);
  return status?.state === 'failed' && status.since <= since ? policy.unheardAfterMs - (at - since) : 0;
}

/** When the policy will want something that only time brings; undefined if nothing is waited for. */
export function nextLookMs(ledger: Ledger, sight: Sight, policy: Policy): number | undefined {
  const status = ledger.pending && sight.sessions.get(ledger.pending.id);
  if (ledger.pending) {
    const unlooked = unlookedMs(ledger, sight, policy);
    if (unlooked > 0) return unlooked;
    const next = afterSession(ledger, sight, policy);
    if (next) return next.type === 'wait' ? next.forMs : undefined;
    const running = status?.state === 'running' ? policy.retryAfterMs - (sight.at - status.since) : -1;
    return running >= 0 ? running + 1 : undefined;
  }
  const settled = policy.settleMs - (sight.at - sight.changedAt);
  return settled > 0 ? settled : undefined;
}

const NOBODY: ReadonlySet<string> = new Set();

/** Who is not to become an elder. */
export interface Avoided {
  /** Leaves the place empty if nobody can take it. */
  readonly blamed?: ReadonlySet<string>;
  /** Keeps its place unless somebody can take it. */
  readonly silent?: ReadonlySet<string>;
}

/**
 * The oldest reachable members, by age, then by who came first, then by name; returned sorted by name, the order of
 * their indices. An elder who is away for a while stays one as long as nobody can take its place, and so does, while a
 * session is tried again, who takes part in it and has been heard in the time in which an elder has to be.
 */
export function chooseElders(
  ledger: Ledger,
  sight: Sight,
  policy: Policy,
  { blamed = NOBODY, silent = NOBODY }: Avoided = {},
): readonly Member[] {
  const elders = new Set(ledger.elders.map((elder) => elder.name));
  const participants = new Set(ledger.pending?.participants);
  const silence = (name: string) => sight.at - Math.max(sight.heard.get(name) ?? sight.since, 0);
  const isAway = ({ name }: Member) => silence(name) > policy.absentAfterMs;
  const fit = (member: Member) =>
    !silent.has(member.name) &&
    (elders.has(member.name)
      ? !isAway(member)
      : sight.heard.has(member.name) && silence(member.name) <= policy.unheardAfterMs);
  const oldest = [...ledger.members.values()].filter(({ name }) => !blamed.has(name)).sort(byAge);
  const chosen = oldest.filter(fit).slice(0, policy.elderCount);
  const stays = (member: Member) => elders.has(member.name) || (participants.has(member.name) && !isAway(member));
  const left = oldest.filter((member) => stays(member) && !chosen.includes(member));
  const places = Math.min(policy.elderCount, Math.max(elders.size, participants.size));
  const kept = left.sort((a, b) => Number(isAway(a)) - Number(isAway(b))).slice(0, Math.max(0, places - chosen.length));
  return [...chosen, ...kept].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function byAge(a: Member, b: Member): number {
  return b.age - a.age || a.since - b.since || (a.name < b.name ? -1 : 1);
}

function sameNames(a: readonly { name: string }[], b: readonly { name: string }[]): boolean {
  const names = new Set(b.map((each) => each.name));
  return a.length === b.length && a.every((each) => names.has(each.name));
}
