import type { EventInput } from '@witan/api';
import { linkToJson, type ProofBundle, prefixName, proofFrom, sectionTopic, verifyBundle } from '@witan/chain';
import { fromHex, type Identity, nodeName, sha256, toHex } from '@witan/crypto';
import { decodeReports } from '@witan/dkg';
import { Follower, type Transport } from '@witan/elder';
import { asWitanError, errorCode, isWitanError, WitanError } from '@witan/errors';
import { MemoryJournal } from '@witan/journal';
import type { ActorObserver, Clock } from '@witan/runtime';
import { DEFAULT_PARAMS, type Ledger, type SectionReport, type State } from '@witan/section';
import { networkTag, openEnvelope } from '@witan/wire';
import type { AttestInput, Backend } from '../backend.ts';
import { EventLog } from '../event-log.ts';
import { attest } from './attest.ts';
import { CatchingUp } from './catching-up.ts';
import { HistoryRequests } from './history-requests.ts';
import { membershipChanges } from './membership.ts';
import { Presence } from './presence.ts';
import { readEntries } from './report-entry.ts';
import { SessionBook } from './session-book.ts';
import { time } from './time.ts';
import { networkView, nodeViews, sectionView } from './views.ts';

export interface LiveBackendOptions {
  readonly network: string;
  readonly prefix: string;
  readonly genesisKey: Uint8Array | undefined;
  /** Of this gateway: it signs its questions, so that they can be told apart and rate-limited. */
  readonly identity: Identity;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly wallClock: () => number;
  readonly connected: () => boolean;
  readonly onReport?: (report: SectionReport) => void;
  readonly onRejected?: (channel: UntakenChannel, error: WitanError) => void;
  readonly onAttested?: (result: AttestationResult, durationMs: number) => void;
  readonly actor?: ActorObserver;
}

/** Where something came in that was not taken, beside what the section's own actor counts. */
export type UntakenChannel = 'heartbeats' | 'reports' | 'replies';
export type AttestationResult = 'signed' | 'no-quorum' | 'failed';

const SWEEP_MS = 500;

/** The gateway's knowledge: followed from the section's own decisions, verified, and kept in memory only. */
export class LiveBackend implements Backend {
  readonly events = new EventLog();
  readonly #options: LiveBackendOptions;
  readonly #tag: Uint8Array;
  readonly #follower: Follower;
  readonly #presence: Presence;
  readonly #book: SessionBook;
  readonly #histories: HistoryRequests;
  #sweeping: unknown;
  #ledgerBefore: Ledger | undefined;
  /** Until it is over, answers tell what was before. */
  readonly #catchingUp: CatchingUp;

  constructor(options: LiveBackendOptions) {
    const { identity, network, prefix, genesisKey, transport, clock, wallClock, actor } = options;
    this.#options = options;
    this.#tag = networkTag(network);
    this.#catchingUp = new CatchingUp(clock.now());
    const publish = (event: EventInput) => void this.events.append(event);
    this.#presence = new Presence(
      prefix,
      (node) => this.ledger?.members.has(node) ?? false,
      (node, live, lastSeenMs = wallClock()) =>
        publish({ type: 'heartbeat', at: time(wallClock()), data: { node, live, lastSeen: time(lastSeenMs) } }),
    );
    this.#book = new SessionBook({
      network: this.#tag,
      publish,
      now: wallClock,
      isSilent: (node) => this.#presence.isElderSilent(node),
    });
    this.#histories = new HistoryRequests({
      transport,
      network: this.#tag,
      isThere: (node) => options.connected() && this.#presence.isReachable(node, clock.now()),
      take: (...told) => this.#book.take(...told),
      taking: (take) => this.#taking('replies', take),
    });
    this.#follower = new Follower({
      identity,
      network,
      prefix,
      genesisKey,
      journal: new MemoryJournal(),
      clock,
      wallClock,
      transport,
      params: DEFAULT_PARAMS,
      observer: {
        section: (report) => {
          options.onReport?.(report);
          this.#onSection(report);
        },
        ...(actor ? { actor } : {}),
      },
    });
  }

  start(): void {
    const { transport, prefix, clock, wallClock, connected } = this.#options;
    const topic = (channel: string) => sectionTopic(prefix, channel);
    transport.subscribe(topic('heartbeats'), (bytes) =>
      this.#taking('heartbeats', () =>
        this.#presence.take(openEnvelope(bytes, this.#tag), { atMs: clock.now(), wallMs: wallClock() }),
      ),
    );
    transport.subscribe(topic('reports'), (bytes) => this.#taking('reports', () => this.#onReports(bytes)));
    this.#follower.start();
    const sweep = () => {
      this.#presence.sweep(clock.now(), connected());
      this.#catchingUp.review(this.ledger, this.#presence.generations(), clock.now());
      this.#book.review();
      this.#askOfHistory();
      this.#histories.review();
      this.#sweeping = clock.setTimer(SWEEP_MS, sweep);
    };
    sweep();
  }

  stop(): void {
    this.#options.clock.clearTimer(this.#sweeping);
    this.#follower.stop();
  }

  get state(): State {
    return this.#follower.state;
  }

  get ledger(): Ledger | undefined {
    return this.#follower.state.ledger;
  }

  get presence(): Presence {
    return this.#presence;
  }

  network() {
    return networkView(this.#options.network, this.#known());
  }

  section(prefix: string) {
    return sectionView(this.#of(prefix), this.#presence, this.#options.clock.now());
  }

  chain(prefix: string, from?: string) {
    const { chain } = this.#of(prefix);
    const links = from === undefined ? chain : proofFrom(chain, fromHex(from));
    return { genesisKey: toHex(chain[0]!.key), links: links.map(linkToJson) };
  }

  nodes() {
    return nodeViews(this.#known(), this.#presence, this.#options.clock.now());
  }

  node(name: string) {
    const found = this.nodes().find((node) => node.name === name);
    if (!found) throw new WitanError('WITAN_ERR_NOT_FOUND', `no node ${name.slice(0, 16)}`);
    return found;
  }

  sessions() {
    this.#known();
    return this.#book.all();
  }

  session(id: string) {
    this.#known();
    return this.#book.get(id);
  }

  async attest({ payload, context }: AttestInput) {
    const { transport, clock, wallClock, onAttested, onRejected } = this.#options;
    const refused = (error: WitanError) => onRejected?.('replies', error);
    const startedAt = clock.now();
    const ended = (result: AttestationResult) => onAttested?.(result, clock.now() - startedAt);
    try {
      const claim = { payloadHash: sha256(payload), context, signedAt: wallClock() };
      const bundle = await attest({ transport, clock, ledger: () => this.#known(), refused }, claim);
      ended('signed');
      return { ...bundle, chain: [...bundle.chain] };
    } catch (error) {
      ended(errorCode(error) === 'WITAN_ERR_NO_QUORUM' ? 'no-quorum' : 'failed');
      throw error;
    }
  }

  verify(bundle: ProofBundle, payload?: Uint8Array) {
    const { chain } = this.#known();
    const genesisKey = chain[0]!.key;
    try {
      // Pairings take a millisecond a link, in which nobody else is served, and this chain has been verified.
      verifyBundle(bundle, genesisKey, payload, chain);
      return { valid: true, genesisKey: toHex(genesisKey), reason: null };
    } catch (error) {
      if (!isWitanError(error)) throw error;
      return { valid: false, genesisKey: toHex(genesisKey), reason: { code: error.code, detail: error.detail } };
    }
  }

  checks() {
    const ledger = this.ledger;
    const live = ledger?.elders.filter(
      (elder) => this.#presence.elder(elder.name, ledger.key, this.#options.clock.now()).usableShare,
    ).length;
    const isUpToDate = this.#isUpToDate;
    const detail = isUpToDate
      ? `generation ${ledger?.generation}, ${live} of ${ledger?.elders.length} elders can sign`
      : `catching up, generation ${ledger?.generation}`;
    return [
      { name: 'bus', ok: this.#options.connected(), detail: this.#options.connected() ? 'connected' : 'not connected' },
      { name: 'section', ok: isUpToDate, detail: ledger ? detail : 'not known yet' },
    ];
  }

  /** Whether this gateway knows the section as it is now. */
  get #isUpToDate(): boolean {
    return this.#catchingUp.isUpToDate(this.ledger, this.#presence.generations(), this.#options.clock.now());
  }

  #known(): Ledger {
    if (this.ledger) return this.ledger;
    throw new WitanError('WITAN_ERR_NOT_READY', 'this gateway has not heard of a section yet');
  }

  #of(prefix: string): Ledger {
    const ledger = this.#known();
    if (prefixName(ledger.prefix) === prefix) return ledger;
    throw new WitanError('WITAN_ERR_NOT_FOUND', `no section ${prefix}`);
  }

  #taking(channel: UntakenChannel, take: () => void): void {
    try {
      take();
    } catch (error) {
      this.#options.onRejected?.(channel, asWitanError(error));
    }
  }

  #onReports(bytes: Uint8Array): void {
    const signed = openEnvelope(bytes, this.#tag);
    if (signed.kind !== 'dkgReport') throw new WitanError('WITAN_ERR_INVALID', `a ${signed.kind} among the reports`);
    const { session, entries } = decodeReports(signed.body);
    this.#book.take(session, signed.author, readEntries(entries));
  }

  #onSection(report: SectionReport): void {
    if (report.type === 'decided') this.#onDecided(report);
    this.#catchingUp.take(report, this.ledger !== undefined, this.#options.clock.now());
    if (report.type === 'answered') this.#askOfHistory();
  }

  /** Not before all is known that was decided: of most sessions of a long history nobody has anything to tell. */
  #askOfHistory(): void {
    if (this.#isUpToDate) this.#histories.askNoted((session) => this.#book.has(session));
  }

  #onDecided({ certified, ledger, source }: Extract<SectionReport, { type: 'decided' }>): void {
    const { action, generation, prefix } = certified.decision;
    const at = time(this.#options.wallClock());
    const isHistory = !this.#catchingUp.isOver && source === 'answer';
    const before = this.#ledgerBefore;
    this.#ledgerBefore = ledger;
    const place = { prefix: prefixName(prefix), generation };
    const publish = (event: EventInput) => void (isHistory || this.events.append(event));
    publish({ type: 'decision', at, data: { ...place, view: certified.view, kind: action.type } });
    if (action.type === 'dkg') {
      this.#book.open(certified, isHistory);
      const participants = action.participants.map(nodeName);
      if (isHistory) this.#histories.note(certified.hash, participants);
      else for (const node of participants) this.#histories.ask(certified.hash, node);
    }
    if (action.type === 'handover') {
      this.#book.handedOver(toHex(action.session), toHex(action.key), action.publicKeyShares, isHistory);
      const { index, parentKey } = ledger.chain.at(-1)!;
      const data = { ...place, key: toHex(action.key), parentKey: toHex(parentKey), index };
      publish({ type: 'handover', at, data });
    }
    if (isHistory) return;
    for (const change of membershipChanges(before, ledger)) {
      publish({ type: 'membership', at, data: { ...place, ...change } });
    }
  }
}
