import { sectionTopic } from '@witan/chain';
import type { Identity } from '@witan/crypto';
import type { Journal } from '@witan/journal';
import { Actor, type ActorObserver, type Clock } from '@witan/runtime';
import * as section from '@witan/section';
import { encode, networkTag, sealEnvelope } from '@witan/wire';
import type { Trouble } from './elder.ts';
import { Heartbeats } from './heartbeats.ts';
import { type SessionNews, tellSection } from './session-news.ts';
import type { Transport } from './transport.ts';

export interface FollowerOptions {
  readonly identity: Identity;
  readonly network: string;
  readonly prefix: string;
  readonly genesisKey: Uint8Array | undefined;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly transport: Transport;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  readonly params: section.Params;
  readonly observer: {
    readonly section?: (report: section.SectionReport) => void;
    readonly actor?: ActorObserver;
    readonly trouble?: (what: Trouble, error: unknown, actor: string) => void;
  };
}

/** A view of the section for those who do not decide: adults, gateways, coordinators. Everything in it is verified. */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #network: Uint8Array;
  readonly #section: Actor<section.State, section.Event>;
  readonly #topic: (channel: string) => string;
  readonly #heartbeats: Heartbeats;

  constructor(options: FollowerOptions) {
    const { identity, prefix, genesisKey, params, transport, observer } = options;
    this.#options = options;
    this.#network = networkTag(options.network);
    this.#heartbeats = new Heartbeats({ ...options, networkTag: this.#network, service: 'adult' });
    this.#topic = (channel) => sectionTopic(prefix, channel);
    const env: section.Env = { identity, network: this.#network, prefix, genesisKey, params };
    this.#section = new Actor<section.State, section.Event>({
      name: 'section',
      machine: section.sectionMachine(),
      initial: () => section.initialState(env),
      stream: options.journal.stream('section'),
      clock: options.clock,
      ports: {
        broadcast: () => {},
        request: (to, verb, bytes, timeoutMs, done) => transport.request(to, verb, bytes, timeoutMs, done),
        reply: () => {},
        report: (report) => observer.section?.(report as section.SectionReport),
      },
      ...(observer.actor ? { observer: observer.actor } : {}),
      onCrash: ({ error, actor }) => observer.trouble?.('crash', error, actor),
      onStoreFailure: ({ error, actor }) => observer.trouble?.('store', error, actor),
    });
  }

  get state(): section.State {
    return this.#section.state;
  }

  /** Whether what is followed is written down. */
  get journalCheck(): { readonly name: string; readonly ok: boolean; readonly detail: string } {
    return { name: 'journal', ok: this.#section.status === 'running', detail: this.#section.status };
  }

  start(): void {
    const { transport, clock } = this.#options;
    transport.subscribe(this.#topic('events'), (bytes) =>
      this.#section.send({ type: 'certified', bytes, at: clock.now() }),
    );
    transport.subscribe(this.#topic('heartbeats'), (bytes) =>
      this.#section.send({ type: 'received', bytes, at: clock.now() }),
    );
    this.#section.start();
  }

  stop(): void {
    this.#section.stop();
  }

  tell(news: SessionNews): void {
    tellSection(this.#section, news);
  }

  /** Asks the elders to admit this node; without effect before there is a section that it trusts, or on a member. */
  askToJoin(): void {
    const { identity, prefix } = this.#options;
    const { ledger } = this.state;
    if (!ledger || ledger.members.has(identity.name)) return;
    const body = encode(section.joinBody, { prefix });
    this.#publish('join', sealEnvelope(identity, this.#network, 'joinRequest', body).raw);
  }

  /** Says that the adult process of this node is alive. */
  beat(): void {
    this.#publish('heartbeats', this.#heartbeats.next(this.state.ledger, false));
  }

  #publish(channel: string, bytes: Uint8Array): void {
    this.#options.transport.publish(this.#topic(channel), bytes);
  }
}
