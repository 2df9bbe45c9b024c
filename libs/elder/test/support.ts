import { certificateMessage, decisionHash, encodeCertified, encodeDecision, supermajority } from '@witan/chain';
import { encodeG1, Identity, keyPair, mulBase, scalarFromHash, sha256, signShare, Vault } from '@witan/crypto';
import { type DkgReport, DEFAULT_PARAMS as PARAMS, type Session } from '@witan/dkg';
import type { WitanError } from '@witan/errors';
import { MemoryJournal } from '@witan/journal';
import { VirtualClock } from '@witan/runtime';
import { append, type Ledger, openGenesis } from '@witan/section';
import { networkTag, sealEnvelope } from '@witan/wire';
import type { Moment } from '../src/moments.ts';
import type { SessionNews } from '../src/session-news.ts';
import { Sessions } from '../src/sessions.ts';
import type { Transport } from '../src/transport.ts';

export const NETWORK = 'elder-tests';
export const TAG = networkTag(NETWORK);
const utf8 = (text: string) => new Uint8Array(Buffer.from(text));

/** That of every node here: as on a machine whose operator gives them all the same key. */
export const VAULT = new Vault(sha256(utf8('sealing key')), (length) => new Uint8Array(length).fill(7));

/** In the order of their names. */
export function identities(count: number, family = 'node'): Identity[] {
  const all = Array.from({ length: count }, (_, i) => Identity.fromSeed(sha256(utf8(`${family} ${i}`))));
  return all.sort((a, b) => (a.name < b.name ? -1 : 1));
}

const SECRET = scalarFromHash(utf8('genesis'), NETWORK);
const NEXT_SECRET = scalarFromHash(utf8('next'), NETWORK);
type Action = Parameters<typeof encodeDecision>[0]['action'];

function certify(generation: number, parent: Uint8Array, action: Action, secret = SECRET): Uint8Array {
  const decision = encodeDecision({ network: TAG, prefix: '', generation, parent, action });
  return encodeCertified(decision, 0, signShare(secret, certificateMessage(decisionHash(decision), 0)));
}

/** Certified, as it is sent. */
export function genesisOf(node: Identity): Uint8Array {
  const key = encodeG1(keyPair(SECRET).publicKey);
  return certify(0, new Uint8Array(32), { type: 'genesis', node: node.publicKey, key });
}

export function joinAfter(ledger: Ledger, nodes: readonly Identity[]): Uint8Array {
  const isNext = Buffer.compare(ledger.key, encodeG1(mulBase(NEXT_SECRET))) === 0;
  const action = { type: 'join', nodes: nodes.map((each) => each.publicKey) } as const;
  return certify(ledger.generation + 1, ledger.head, action, isNext ? NEXT_SECRET : SECRET);
}

/** The ledger after one more decision of those who hold the genesis key. */
function decide(ledger: Ledger, action: Action): Ledger {
  return append(ledger, certify(ledger.generation + 1, ledger.head, action)).ledger;
}

/** All are members, the first alone is an elder, and nothing is under way. */
export function sectionOf([first, ...others]: readonly Identity[]): Ledger {
  const ledger = openGenesis(genesisOf(first!), TAG, undefined);
  return append(ledger, joinAfter(ledger, others)).ledger;
}

/** A session of these is to begin. */
export function startSession(ledger: Ledger, members: readonly Identity[], attempt = 0): Ledger {
  const participants = members.map((each) => each.publicKey);
  const threshold = supermajority(members.length);
  return decide(ledger, { type: 'dkg', chainLength: 1, participants, threshold, attempt });
}

/** The key of the pending session is in use: the one that it has made, or another that only has to have the form of one. */
export function handOver(
  ledger: Ledger,
  made?: Pick<Extract<Action, { type: 'handover' }>, 'key' | 'publicKeyShares'>,
): Ledger {
  const { certified } = ledger.pending!;
  const { participants, threshold } = certified.decision.action as Extract<Action, { type: 'dkg' }>;
  const share = (index: number) => encodeG1(mulBase(scalarFromHash(utf8(`share ${index}`), NETWORK)));
  const { key, publicKeyShares } = made ?? {
    key: encodeG1(mulBase(NEXT_SECRET)),
    publicKeyShares: participants.map((_, index) => share(index)),
  };
  return decide(ledger, {
    type: 'handover',
    session: certified.hash,
    key,
    threshold,
    elders: participants,
    publicKeyShares,
  });
}

/** A transport that keeps what is given to it, and brings what a test gives it. */
export class Desk implements Transport {
  readonly published: { topic: string; bytes: Uint8Array }[] = [];
  readonly asked: { to: string; verb: string; answer: (bytes: Uint8Array) => void }[] = [];
  readonly #subscriptions: { pattern: string; handler: (bytes: Uint8Array, topic: string) => void }[] = [];

  publish(topic: string, bytes: Uint8Array): void {
    this.published.push({ topic, bytes });
  }

  subscribe(pattern: string, handler: (bytes: Uint8Array, topic: string) => void): void {
    this.#subscriptions.push({ pattern, handler });
  }

  request: Transport['request'] = (to, verb, _bytes, _timeoutMs, done) => {
    this.asked.push({ to, verb, answer: (bytes) => done({ ok: true, bytes }) });
  };

  serve(): void {}

  bring(topic: string, bytes: Uint8Array): void {
    for (const { pattern, handler } of this.#subscriptions) if (pattern === topic) handler(bytes, topic);
  }
}

export interface SessionsSetUp {
  readonly sessions: Sessions;
  readonly clock: VirtualClock;
  readonly desk: Desk;
  readonly journal: MemoryJournal;
  readonly told: SessionNews[];
  readonly reports: { readonly session: string; readonly report: DkgReport; readonly when: Moment }[];
  readonly refused: WitanError[];
  readonly superseded: Session[];
}

/** The sessions of one node, and all that it says about them. */
export function sessionsOf(
  identity: Identity,
  role: 'elder' | 'coordinator' = 'elder',
  journal = new MemoryJournal(),
  clock = new VirtualClock(0.25),
): SessionsSetUp {
  const desk = new Desk();
  const told: SessionNews[] = [];
  const reports: SessionsSetUp['reports'] = [];
  const refused: WitanError[] = [];
  const superseded: Session[] = [];
  const sessions = new Sessions({
    identity,
    prefix: '',
    journal,
    clock,
    transport: desk,
    // The clock of a process tells parts of milliseconds, that of people does not.
    wallClock: () => Math.floor(1_700_000_000_000 + clock.now()),
    random: (length) => new Uint8Array(length).fill(7),
    networkTag: TAG,
    params: PARAMS,
    role,
    sealer: VAULT,
    onReport: (session, report, when) => void reports.push({ session: session.id, report, when }),
    sending: undefined,
    onSuperseded: (session) => void superseded.push(session),
    refused: (error) => void refused.push(error),
    portsFor: (onReport) => ({
      broadcast: (topic, bytes) => desk.publish(topic, bytes),
      request: desk.request,
      reply: () => {},
      report: (report) => onReport(report as DkgReport),
    }),
    supervision: {},
    tellSection: (news) => void told.push(news),
  });
  return { sessions, clock, desk, journal, told, reports, refused, superseded };
}

/** Something of a session that only has to have the form of it. */
export function wordOf(author: Identity, session: string, more: number | string = 0): Uint8Array {
  const body = Buffer.concat([Buffer.from(session, 'hex'), Buffer.from(String(more))]);
  return sealEnvelope(author, TAG, 'dkgMessage', new Uint8Array(body)).raw;
}
