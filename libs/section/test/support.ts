import {
  type Action,
  type ActionOf,
  certificateMessage,
  decisionHash,
  encodeCertified,
  encodeDecision,
  supermajority,
} from '@witan/chain';
import {
  encodeG1,
  Identity,
  keyPair,
  mulBase,
  nodeName,
  type Scalar,
  scalarFromHash,
  sha256,
  signShare,
} from '@witan/crypto';
import { networkTag } from '@witan/wire';
import { append, type Ledger, openGenesis, type Sight } from '../src/index.ts';

export const NETWORK = networkTag('section-tests');
const utf8 = (text: string) => new Uint8Array(Buffer.from(text));

/** In the order of their names. */
export function identities(count: number, family = 'node'): Identity[] {
  const all = Array.from({ length: count }, (_, i) => Identity.fromSeed(sha256(utf8(`${family} ${i}`))));
  return all.sort((a, b) => (a.name < b.name ? -1 : 1));
}

export const secretOf = (name: string): Scalar => scalarFromHash(utf8(name), 'section-tests');
export const GENESIS_SECRET = secretOf('genesis');
export const GENESIS_KEY = encodeG1(keyPair(GENESIS_SECRET).publicKey);

export interface Claim {
  readonly network: Uint8Array;
  readonly prefix: string;
  readonly generation: number;
  readonly parent: Uint8Array;
}

/** A decision signed by `secret`, whatever it says. */
export function certify(secret: Scalar, claim: Claim, action: Action): Uint8Array {
  const decision = encodeDecision({ ...claim, action });
  return encodeCertified(decision, 0, signShare(secret, certificateMessage(decisionHash(decision), 0)));
}

export function genesisOf(node: Identity, secret: Scalar = GENESIS_SECRET, change: Partial<Claim> = {}): Uint8Array {
  const key = encodeG1(keyPair(secret).publicKey);
  const claim = { network: NETWORK, prefix: '', generation: 0, parent: new Uint8Array(32), ...change };
  return certify(secret, claim, { type: 'genesis', node: node.publicKey, key });
}

/** What the next decision of `ledger` claims. */
export function nextOf(ledger: Ledger): Claim {
  const { network, prefix, generation, head } = ledger;
  return { network, prefix, generation: generation + 1, parent: head };
}

export function decide(ledger: Ledger, action: Action, secret: Scalar = GENESIS_SECRET): Ledger {
  return append(ledger, certify(secret, nextOf(ledger), action)).ledger;
}

export function dkgOf(members: readonly Identity[], change: Partial<ActionOf<'dkg'>> = {}): ActionOf<'dkg'> {
  const participants = members.map((each) => each.publicKey);
  return { type: 'dkg', chainLength: 1, participants, threshold: supermajority(members.length), attempt: 0, ...change };
}

/** The handover that the pending session of `ledger` would lead to, had it made the key of `secret`. */
export function handoverOf(ledger: Ledger, secret: Scalar): ActionOf<'handover'> {
  const { certified } = ledger.pending!;
  const { participants, threshold } = certified.decision.action as ActionOf<'dkg'>;
  const shares = participants.map((_, i) => secretOf(`${secret} share ${i}`));
  return {
    type: 'handover',
    session: certified.hash,
    key: encodeG1(mulBase(secret)),
    threshold,
    elders: participants,
    publicKeyShares: shares.map((share) => encodeG1(mulBase(share))),
  };
}

/** The first node, and then those who have joined it. */
export function sectionOf(members: readonly Identity[]): Ledger {
  const [first, ...others] = members;
  const ledger = openGenesis(genesisOf(first!), NETWORK, GENESIS_KEY);
  if (others.length === 0) return ledger;
  return decide(ledger, { type: 'join', nodes: others.map((each) => each.publicKey) });
}

/** A section of which all these are elders, under a key of which they hold shares. */
export function eldersOf(members: readonly Identity[], elders: readonly Identity[] = members): Ledger {
  const started = decide(sectionOf(members), dkgOf(elders));
  return decide(started, handoverOf(started, secretOf('second key')));
}

export const NOW = 1_000_000;

/** All of `heard` were heard just now; nothing else has happened for a long time. */
export function seeing(heard: readonly Identity[], change: Partial<Sight> = {}): Sight {
  return {
    at: NOW,
    self: '',
    since: 0,
    heard: new Map(heard.map((node) => [node.name, NOW])),
    beats: new Map(),
    joins: new Map(),
    sessions: new Map(),
    shareless: new Map(),
    changedAt: 0,
    ...change,
  };
}

/** Names in the session that it starts; of nothing, and of what starts none, nothing. */
export const participantsOf = (action: Action | undefined) =>
  action?.type === 'dkg' ? action.participants.map(nodeName) : undefined;
