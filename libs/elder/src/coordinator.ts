import { sectionTopic } from '@witan/chain';
import type { Params as DkgParams, DkgReport, Session } from '@witan/dkg';
import { networkTag } from '@witan/wire';
import { Follower, type FollowerOptions } from './follower.ts';
import type { Moment } from './moments.ts';
import { Sessions } from './sessions.ts';

export interface CoordinatorOptions extends FollowerOptions {
  readonly dkg: DkgParams;
  readonly random: (length: number) => Uint8Array;
  readonly onDkg?: (session: Session, report: DkgReport, when: Moment) => void;
  /** Has to call `send`, which is all that a session sends or asks at a time. */
  readonly sending?: (session: Session, send: () => void) => void;
  readonly onSuperseded?: (session: Session, lacking: readonly string[]) => void;
  /** A message to a session's topic that no session here could be given. */
  readonly badMessage?: (error: unknown) => void;
}

/** How long after a DkgStart it is sent again to those who have not been heard of. */
const START_AGAIN_MS = [400, 800, 1500, 4000];

/**
 * Starts sessions, proposes the end of phases, watches. It holds no secret and nobody believes it: killed, slow or
 * lying, it can delay a session and never change its result. Any number of replicas may run.
 */
export class Coordinator {
  readonly follower: Follower;
  readonly sessions: Sessions;
  readonly #options: CoordinatorOptions;
  #started = '';

  constructor(options: CoordinatorOptions) {
    const { transport, observer, dkg, onDkg, sending, onSuperseded, badMessage } = options;
    this.#options = options;
    this.follower = new Follower({
      ...options,
      observer: {
        ...observer,
        section: (report) => {
          observer.section?.(report);
          if (report.type !== 'ledger' && report.type !== 'decided') return;
          this.sessions.follow(report.ledger);
          const { pending } = report.ledger;
          if (pending && pending.id !== this.#started) this.#announceStart(pending.id, pending.certified.raw, 0);
        },
      },
    });
    this.sessions = new Sessions({
      ...options,
      networkTag: networkTag(options.network),
      params: dkg,
      role: 'coordinator',
      onReport: onDkg,
      sending,
      onSuperseded,
      refused: badMessage,
      supervision: {
        ...(observer.actor ? { observer: observer.actor } : {}),
        onCrash: ({ error, actor }) => observer.trouble?.('crash', error, actor),
        onStoreFailure: ({ error, actor }) => observer.trouble?.('store', error, actor),
      },
      portsFor: (onReport) => ({
        broadcast: (topic, bytes) => transport.publish(topic, bytes),
        request: (to, verb, bytes, timeoutMs, done) => transport.request(to, verb, bytes, timeoutMs, done),
        reply: () => {},
        report: (report) => onReport(report as DkgReport),
      }),
      tellSection: (news) => this.follower.tell(news),
    });
  }

  start(): void {
    const { transport, prefix } = this.#options;
    transport.subscribe(sectionTopic(prefix, 'dkg.*'), (bytes, topic) =>
      this.sessions.receive(bytes, topic, this.follower.state.ledger),
    );
    this.follower.start();
  }

  stop(): void {
    this.follower.stop();
    this.sessions.stop();
  }

  /** Sends a DkgStart again until all participants have spoken: the certificate is all that they need to begin. */
  #announceStart(id: string, certified: Uint8Array, round: number): void {
    const { transport, prefix, clock } = this.#options;
    this.#started = id;
    const afterMs = START_AGAIN_MS[round];
    if (afterMs === undefined) return;
    clock.setTimer(afterMs, () => {
      const running = this.sessions.all.get(id);
      const isPending = this.follower.state.ledger?.pending?.id === id;
      const heard = running?.state.messages[0]?.size ?? 0;
      if (!isPending || heard >= (running?.session.participants.length ?? 0)) return;
      transport.publish(sectionTopic(prefix, 'events'), certified);
      this.#announceStart(id, certified, round + 1);
    });
  }
}
