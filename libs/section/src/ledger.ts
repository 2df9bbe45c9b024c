import {
  type ActionOf,
  type Certified,
  decisionId,
  keyOf,
  type Link,
  NO_PARENT,
  openCertified,
  openLink,
  peekCertified,
  supermajority,
} from '@witan/chain';
import { decodeG1, nodeName, toHex } from '@witan/crypto';
import { WitanError } from '@witan/errors';

export interface Member {
  readonly name: string;
  readonly publicKey: Uint8Array;
  /** Section keys that the node has lived under. The oldest become elders. */
  readonly age: number;
  /** Generation that admitted it. */
  readonly since: number;
}

export interface Elder {
  readonly index: number;
  readonly name: string;
  readonly publicKey: Uint8Array;
  readonly publicKeyShare: Uint8Array;
}

/** A DKG that the elders have started and that has not handed over. */
export interface PendingSession {
  readonly id: string;
  readonly certified: Certified;
  readonly attempt: number;
  readonly participants: readonly string[];
  /** Who took part in earlier attempts and no longer does: with the key that this one makes they are young again. */
  readonly leftOut: ReadonlySet<string>;
}

/**
 * The section as its decisions say: a pure fold over them. Everyone who holds the genesis key and the decisions
 * computes the same.
 */
export interface Ledger {
  readonly network: Uint8Array;
  readonly prefix: string;
  readonly generation: number;
  /** Hash of the last decision. */
  readonly head: Uint8Array;
  readonly key: Uint8Array;
  readonly threshold: number;
  readonly elders: readonly Elder[];
  readonly members: ReadonlyMap<string, Member>;
  readonly chain: readonly Link[];
  readonly pending: PendingSession | undefined;
  /** The session that made the current key; none made the genesis key. */
  readonly origin: PendingSession | undefined;
  /** Every decision as it is sent and stored, by generation. */
  readonly decisions: readonly Uint8Array[];
}

/** The certified genesis decision makes the first ledger. @throws WitanError `WITAN_ERR_CHAIN`, `WITAN_ERR_UNTRUSTED_KEY` */
export function openGenesis(raw: Uint8Array, network: Uint8Array, genesisKey: Uint8Array | undefined): Ledger {
  const link = openLink(raw, undefined);
  const { decision, hash } = link.certified;
  if (genesisKey && Buffer.compare(link.key, genesisKey) !== 0) {
    throw new WitanError('WITAN_ERR_UNTRUSTED_KEY', `genesis key ${toHex(link.key)} is not the one configured`);
  }
  refuseUnless(Buffer.compare(decision.network, network) === 0, 'genesis of another network');
  refuseUnless(decision.generation === 0 && Buffer.compare(decision.parent, NO_PARENT) === 0, 'not a genesis');
  const { node } = decision.action as ActionOf<'genesis'>;
  const name = nodeName(node);
  return {
    network,
    prefix: decision.prefix,
    generation: 0,
    head: hash,
    key: link.key,
    threshold: 1,
    elders: [{ index: 0, name, publicKey: node, publicKeyShare: link.key }],
    members: new Map([[name, { name, publicKey: node, age: 1, since: 0 }]]),
    chain: [link],
    pending: undefined,
    origin: undefined,
    decisions: [raw],
  };
}

/**
 * The ledger after one more decision, verified under the current key.
 * @throws WitanError `WITAN_ERR_STALE` (not the next generation), `WITAN_ERR_SIGNATURE`, `WITAN_ERR_INVALID`,
 *   `WITAN_ERR_MALFORMED`
 */
export function append(ledger: Ledger, raw: Uint8Array): { readonly ledger: Ledger; readonly certified: Certified } {
  const { decision } = peekCertified(raw);
  if (decision.generation !== ledger.generation + 1) {
    throw new WitanError('WITAN_ERR_STALE', `generation ${decision.generation} where ${ledger.generation + 1} is next`);
  }
  refuseUnless(Buffer.compare(decision.parent, ledger.head) === 0, 'does not follow the last decision');
  refuseUnless(Buffer.compare(decision.network, ledger.network) === 0, 'of another network');
  refuseUnless(decision.prefix === ledger.prefix, 'of another section');
  const certified = openCertified(raw, ledger.key);
  const next = {
    ...applyAction(ledger, certified),
    generation: decision.generation,
    head: certified.hash,
    decisions: [...ledger.decisions, raw],
  };
  return { ledger: next, certified };
}

function applyAction(ledger: Ledger, certified: Certified): Ledger {
  const { action, generation } = certified.decision;
  switch (action.type) {
    case 'genesis':
      throw new WitanError('WITAN_ERR_INVALID', 'a second genesis');
    case 'join': {
      const members = new Map(ledger.members);
      for (const publicKey of action.nodes) {
        const name = nodeName(publicKey);
        if (!members.has(name)) members.set(name, { name, publicKey, age: 1, since: generation });
      }
      return { ...ledger, members };
    }
    case 'dkg': {
      const participants = action.participants.map(nodeName);
      const id = decisionId(certified.bytes);
      const before = ledger.pending ? [...ledger.pending.participants, ...ledger.pending.leftOut] : [];
      const leftOut = new Set(before.filter((name) => !participants.includes(name)));
      return { ...ledger, pending: { id, certified, attempt: action.attempt, participants, leftOut } };
    }
    case 'handover':
      return handOver(ledger, certified, action);
  }
}

function handOver(ledger: Ledger, certified: Certified, action: ActionOf<'handover'>): Ledger {
  const { elders: keys, publicKeyShares, threshold, key } = action;
  refuseUnless(keys.length === publicKeyShares.length && keys.length > 0, 'not one public key share for each elder');
  refuseUnless(threshold === supermajority(keys.length), 'threshold is not the supermajority of the elders');
  refuseUnless(decisionHashEquals(ledger.pending, action.session), 'of a session that is not the pending one');
  for (const share of publicKeyShares) decodeG1(share);
  const elders = keys.map((publicKey, index) => ({
    index,
    name: nodeName(publicKey),
    publicKey,
    publicKeyShare: publicKeyShares[index]!,
  }));
  // Chosen again at once, whoever made an attempt fail would make the next session fail as well.
  const ageOf = ({ name, age }: Member) => (ledger.pending!.leftOut.has(name) ? 0 : age + 1);
  const members = new Map([...ledger.members].map(([name, member]) => [name, { ...member, age: ageOf(member) }]));
  const link = openLink(certified.raw, ledger.chain.at(-1));
  return {
    ...ledger,
    key: keyOf(certified.decision) ?? key,
    threshold,
    elders,
    members,
    chain: [...ledger.chain, link],
    pending: undefined,
    origin: ledger.pending,
  };
}

function decisionHashEquals(pending: PendingSession | undefined, session: Uint8Array): boolean {
  return pending !== undefined && Buffer.compare(pending.certified.hash, session) === 0;
}

function refuseUnless(holds: boolean, detail: string): asserts holds {
  if (!holds) throw new WitanError('WITAN_ERR_INVALID', detail);
}
