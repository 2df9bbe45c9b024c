import { sectionTopic } from '@witan/chain';
import { type Identity, type Scalar, scalarFromHash } from '@witan/crypto';
import type * as dkg from '@witan/dkg';
import type { Params as DkgParams, DkgReport } from '@witan/dkg';
import { asWitanError, isWitanError, WitanError } from '@witan/errors';
import type { Journal } from '@witan/journal';
import {
  Actor,
  type ActorObserver,
  type Clock,
  type Crash,
  type EffectPorts,
  type Machine,
  type Sealer,
  type StoreFailure,
} from '@witan/runtime';
import * as section from '@witan/section';
import { networkTag, peekEnvelope } from '@witan/wire';
import { Founding } from './founding.ts';
import { Heartbeats } from './heartbeats.ts';
import type { Moment } from './moments.ts';
import { Restoration } from './restoration.ts';
import { tellSection } from './session-news.ts';
import { Sessions } from './sessions.ts';
import { answerSignRequest } from './sign-request.ts';
import type { Transport } from './transport.ts';

export interface ElderOptions {
  readonly identity: Identity;
  readonly network: string;
  readonly prefix: string;
  /** `create`: this is the first node, which makes the genesis key if it has no section yet. */
  readonly genesis: 'create' | 'join';
  /** So many other nodes have to say that they know no section before this one makes the genesis key; none unless given. */
  readonly genesisWitnesses?: number;
  readonly genesisKey: Uint8Array | undefined;
  readonly journal: Journal;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly transport: Transport;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  /** Fresh random bytes: the only source of randomness. */
  readonly random: (length: number) => Uint8Array;
  /** In the place of the library's own: for simulators, which have participants that lie. */
  readonly dkgMachine?: Machine<dkg.State, dkg.Event>;
  readonly params: { readonly section: section.Params; readonly dkg: DkgParams; readonly heartbeatMs: number };
  readonly observer: ElderObserver;
}

/** An actor's machine threw, or its journal failed; it goes on by itself. */
export type Trouble = 'crash' | 'store';

/** One that has not been heard for so many heartbeats is not there. */
const BEATS_FRESH = 5;
/** Questions that wait for an answer; beyond these the oldest gets none. */
const MOST_REPLIES = 1024;

/** What an elder tells the process around it, for logs, metrics and traces. */
export interface ElderObserver {
  readonly section?: (report: section.SectionReport) => void;
  /** Told with when it was so: the share of a session that is done is on the disk then. */
  readonly dkg?: (session: dkg.Session, report: DkgReport, when: Moment) => void;
  /** Has to call `send`, which is all that a session sends or asks at a time. */
  readonly sending?: (session: dkg.Session, send: () => void) => void;
  /** The section has gone on without the end of this session. */
  readonly superseded?: (session: dkg.Session, lacking: readonly string[]) => void;
  readonly actor?: ActorObserver;
  /** A node that was put back to an earlier state knows where the past ends: at this generation. */
  readonly restored?: (generation: number) => void;
  /** A request that was not taken, by verb. */
  readonly badRequest?: (verb: string, error: unknown) => void;
  /** A request to sign that is well-formed and got no share. */
  readonly signRefused?: (error: WitanError) => void;
  /** A message to a session's topic that no session here could be given. */
  readonly badMessage?: (error: unknown) => void;
  readonly trouble?: (what: Trouble, error: unknown, actor: string) => void;
}

/**
 * A node's elder side as a set of actors: its view of the section, and one actor for each DKG session. The same over
 * NATS, in one process, and in the simulator.
 */
export class Elder {
  readonly #options: ElderOptions;
  readonly #networkTag: Uint8Array;
  readonly #section: Actor<section.State, section.Event>;
  readonly #sessions: Sessions;
  readonly #replies = new Map<string, (bytes: Uint8Array) => void>();
  #replyCount = 0;
  readonly #heartbeats: Heartbeats;
  readonly #restoration: Restoration;
  #heartbeat: unknown;
  #key: Uint8Array | undefined;
  #stopped = false;
  /** Why a session could not be taken up again: its actor is started on a report, whose sender hears of no failure. */
  #unrecovered: unknown;
  #known: ((ledger: section.Ledger) => void) | undefined;
  #founding: Founding | undefined;

  constructor(options: ElderOptions) {
    this.#options = options;
    this.#networkTag = networkTag(options.network);
    this.#heartbeats = new Heartbeats({ ...options, networkTag: this.#networkTag, service: 'elder' });
    this.#restoration = new Restoration({
      ...options,
      networkTag: this.#networkTag,
      now: () => options.clock.now(),
      freshMs: BEATS_FRESH * options.params.heartbeatMs,
      requestTimeoutMs: options.params.section.requestTimeoutMs,
      take: (bytes) => this.#section.send({ type: 'certified', bytes, at: options.clock.now() }),
    });
    const env: section.Env = {
      identity: options.identity,
      network: this.#networkTag,
      prefix: options.prefix,
      genesisKey: options.genesisKey,
      params: options.params.section,
    };
    this.#section = new Actor<section.State, section.Event>({
      name: 'section',
      machine: section.sectionMachine(),
      // Rebuilt, it is told no second time that its past has ended.
      initial: () => section.initialState({ ...env, restoredAt: this.#restoration.generation }),
      stream: options.journal.stream('section'),
      clock: options.clock,
      sealing: { sealer: options.sealer, node: options.identity.name, isSecret: section.isSecretRecord },
      ports: this.#ports((report) => this.#onSection(report as section.SectionReport)),
      ...this.#supervision(),
    });
    this.#sessions = new Sessions({
      ...options,
      params: options.params.dkg,
      role: 'elder',
      mayJoin: (generation) => generation > this.#restoration.generation,
      onReport: options.observer.dkg,
      sending: options.observer.sending,
      onSuperseded: options.observer.superseded,
      refused: options.observer.badMessage,
      networkTag: this.#networkTag,
      portsFor: (onReport) => this.#ports((report) => onReport(report as DkgReport)),
      supervision: this.#supervision(),
      tellSection: (news) => tellSection(this.#section, news),
    });
  }

  /** The node's view of its section; read only. */
  get state(): section.State {
    return this.#section.state;
  }

  /** Put back to an earlier state, and the others have not been heard yet. */
  get isBeingRestored(): boolean {
    return this.#restoration.isPending;
  }

  get sessions(): Sessions {
    return this.#sessions;
  }

  /** Recovers from the journal, subscribes, and begins. @throws what a damaged journal or a wrong sealing key throws */
  start(): void {
    const { clock, params, genesis, genesisWitnesses = 0 } = this.#options;
    this.#subscribe();
    this.#section.start();
    if (this.#unrecovered !== undefined) {
      this.stop();
      throw this.#unrecovered;
    }
    if (genesis === 'create' && !this.state.ledger) {
      if (genesisWitnesses === 0) this.#found();
      else this.#awaitWitnesses(genesisWitnesses);
    }
    const beat = () => {
      if (this.#stopped) return;
      this.#settleRestoration();
      this.beat();
      this.#heartbeat = clock.setTimer(params.heartbeatMs, beat);
    };
    beat();
  }

  #found(): void {
    const { random, clock } = this.#options;
    const secret: Scalar = scalarFromHash(random(32), 'witan/genesis');
    this.#section.tell({ type: 'create', secret, at: clock.now() });
  }

  #awaitWitnesses(witnesses: number): void {
    const { identity, prefix, transport, clock, params } = this.#options;
    const founding = new Founding({
      self: identity.name,
      networkTag: this.#networkTag,
      prefix,
      witnesses,
      now: () => clock.now(),
      freshMs: BEATS_FRESH * params.heartbeatMs,
    });
    this.#founding = founding;
    transport.subscribe(this.#topic('heartbeats'), (bytes) => {
      if (!this.#stopped && founding.heard(bytes) && !this.state.ledger) this.#found();
    });
  }

  /** Ends at once, as a killed process would; the journal is left to its owner. */
  stop(): void {
    this.#stopped = true;
    if (this.#heartbeat !== undefined) this.#options.clock.clearTimer(this.#heartbeat);
    this.#section.stop();
    this.#sessions.stop();
  }

  /** The section once it is known; undefined if it is not within `withinMs`. */
  whenKnown(withinMs: number): Promise<section.Ledger | undefined> {
    const { promise, resolve } = Promise.withResolvers<section.Ledger | undefined>();
    if (this.state.ledger || withinMs <= 0) resolve(this.state.ledger);
    else {
      const timer = this.#options.clock.setTimer(withinMs, () => resolve(this.state.ledger));
      this.#known = (ledger) => {
        this.#options.clock.clearTimer(timer);
        resolve(ledger);
      };
    }
    return promise;
  }

  /** What this elder needs to do its job, for a readiness probe. One that is not an elder is ready to become one. */
  checks(): { name: string; ok: boolean; detail: string }[] {
    const { ledger } = this.state;
    if (!ledger) return [{ name: 'section', ok: false, detail: this.#unknown() }, this.#journalCheck()];
    const isElder = section.elderIndex(this.state) >= 0;
    const usable = section.currentShare(this.state) !== undefined;
    return [
      { name: 'section', ok: true, detail: `generation ${ledger.generation}` },
      { name: 'share', ok: !isElder || usable, detail: isElder ? (usable ? 'usable' : 'missing') : 'no elder' },
      this.#journalCheck(),
    ];
  }

  #unknown(): string {
    const unknown = 'no section is known yet';
    if (!this.#founding) return unknown;
    const { here } = this.#founding;
    return `${unknown}: ${here} of ${this.#options.genesisWitnesses} others are heard who know none, and then this node makes one`;
  }

  #journalCheck(): { name: string; ok: boolean; detail: string } {
    const trouble = [this.#section.status, ...this.#sessions.statuses].find((status) => status !== 'running');
    return { name: 'journal', ok: trouble === undefined, detail: trouble ?? 'running' };
  }

  /** Tells the section that this elder process is alive and what it has. */
  beat(): void {
    const raw = this.#heartbeats.next(this.state.ledger, section.votingShare(this.state) !== undefined);
    this.#options.transport.publish(this.#topic('heartbeats'), raw);
    this.#section.send({ type: 'received', bytes: raw, at: this.#options.clock.now() });
  }

  #settleRestoration(): void {
    const { clock, observer } = this.#options;
    try {
      if (!this.#restoration.settle(this.state.ledger)) return;
    } catch (error) {
      // A disk that refuses is told of by whoever has to write; the next heartbeat tries again.
      if (!isWitanError(error)) throw error;
      return;
    }
    const { generation } = this.#restoration;
    observer.restored?.(generation);
    this.#section.tell({ type: 'restored', generation, at: clock.now() });
  }

  #topic(channel: string): string {
    return sectionTopic(this.#options.prefix, channel);
  }

  #subscribe(): void {
    const { transport, clock, wallClock } = this.#options;
    const received = (bytes: Uint8Array) => this.#section.send({ type: 'received', bytes, at: clock.now() });
    if (this.#restoration.isPending) {
      transport.subscribe(this.#topic('heartbeats'), (bytes) => this.#restoration.heard(bytes, this.state.ledger));
    }
    for (const channel of ['decisions', 'heartbeats', 'join']) transport.subscribe(this.#topic(channel), received);
    transport.subscribe(this.#topic('events'), (bytes) =>
      this.#section.send({ type: 'certified', bytes, at: clock.now() }),
    );
    transport.subscribe(this.#topic('dkg.*'), (bytes, topic) =>
      this.#sessions.receive(bytes, topic, this.state.ledger),
    );
    this.#serve('ae.section', (bytes, id) => this.#askSection(bytes, id), true);
    for (const verb of ['ae.dkg', 'dkg.repair']) {
      this.#serve(verb, (bytes, id) => this.#sessions.request(bytes, id), false);
    }
    transport.serve('sign', (bytes, respond) =>
      this.#guard('sign', () => {
        const { answer, refusal } = answerSignRequest(this.state, bytes, wallClock());
        if (refusal) this.#options.observer.signRefused?.(refusal);
        respond(answer);
      }),
    );
    transport.serve('dkg.history', (bytes, respond) =>
      this.#guard('dkg.history', () => respond(this.#sessions.historyPage(bytes))),
    );
  }

  /** @throws WitanError `WITAN_ERR_MALFORMED`, `WITAN_ERR_INVALID` (not a question about the section) */
  #askSection(bytes: Uint8Array, id: string): void {
    const { kind } = peekEnvelope(bytes, this.#networkTag);
    if (kind !== 'sectionHoldings') throw new WitanError('WITAN_ERR_INVALID', `a ${kind} is no question`);
    this.#section.send({ type: 'request', id, bytes, at: this.#options.clock.now() });
  }

  /** Requests that an actor answers: kept until it does, and no longer than anyone waits for the answer. */
  #serve(verb: string, deliver: (bytes: Uint8Array, id: string) => void, anyone: boolean): void {
    this.#options.transport.serve(
      verb,
      (bytes, respond) => {
        const id = `${verb}/${this.#replyCount++}`;
        this.#replies.set(id, respond);
        if (this.#replies.size > MOST_REPLIES) {
          this.#replies.delete(this.#replies.keys().next().value!);
          const error = new WitanError('WITAN_ERR_RATE_LIMITED', 'more are asked at once than are answered');
          this.#options.observer.badRequest?.(verb, error);
        }
        return this.#guard(
          verb,
          () => deliver(bytes, id),
          () => this.#replies.delete(id),
        );
      },
      anyone,
    );
  }

  /** @returns why the request is not taken, if it is not */
  #guard(verb: string, act: () => void, undo?: () => void): WitanError | undefined {
    try {
      act();
      return undefined;
    } catch (error) {
      undo?.();
      this.#options.observer.badRequest?.(verb, error);
      return asWitanError(error);
    }
  }

  #onSection(report: section.SectionReport): void {
    this.#options.observer.section?.(report);
    if (report.type === 'ledger' || report.type === 'decided') {
      this.#follow(report.ledger);
      this.#known?.(report.ledger);
      this.#known = undefined;
      const { key } = report.ledger;
      // Whoever holds a share of the new key says so at once; all else can wait for the next heartbeat.
      if (report.type === 'decided' && key !== this.#key && !this.#stopped) this.beat();
      this.#key = key;
    }
  }

  #follow(ledger: section.Ledger): void {
    try {
      this.#sessions.follow(ledger);
    } catch (error) {
      this.#unrecovered ??= error;
      throw error;
    }
  }

  #ports(report: (report: unknown) => void): EffectPorts {
    const { transport } = this.#options;
    return {
      broadcast: (topic, bytes) => transport.publish(topic, bytes),
      request: (to, verb, bytes, timeoutMs, done) => transport.request(to, verb, bytes, timeoutMs, done),
      reply: (id, bytes) => {
        this.#replies.get(id)?.(bytes);
        this.#replies.delete(id);
      },
      report,
    };
  }

  #supervision() {
    const { observer } = this.#options;
    return {
      ...(observer.actor ? { observer: observer.actor } : {}),
      onCrash: ({ error, actor }: Crash) => observer.trouble?.('crash', error, actor),
      onStoreFailure: ({ error, actor }: StoreFailure) => observer.trouble?.('store', error, actor),
    };
  }
}
