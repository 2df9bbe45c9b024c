import type { EventInput, Session as SessionView } from '@witan/api';
import { type Certified, prefixName, tolerated } from '@witan/chain';
import type { Session } from '@witan/dkg';
import { WitanError } from '@witan/errors';
import type { ReportEntry } from './report-entry.ts';
import { type News, SessionRecord } from './session-record.ts';
import { time } from './time.ts';

/** Sessions remembered; the oldest go first. */
const SESSIONS_KEPT = 200;

export interface SessionBookOptions {
  /** Its tag. */
  readonly network: Uint8Array;
  readonly publish: (event: EventInput) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Whether a participant has not been heard of for a while in which others have. */
  readonly isSilent: (node: string) => boolean;
}

/** The sessions that this gateway knows of, and the news of them. */
export class SessionBook {
  readonly #records = new Map<string, SessionRecord>();
  readonly #options: SessionBookOptions;
  readonly #publish: (event: EventInput) => void;
  readonly #now: () => number;

  constructor(options: SessionBookOptions) {
    this.#options = options;
    this.#publish = options.publish;
    this.#now = options.now;
  }

  has(id: string): boolean {
    return this.#records.has(id);
  }

  /** @param isHistory whether it was decided before this gateway listened: then it is known, and no news */
  open(certified: Certified, isHistory: boolean): void {
    const record = new SessionRecord(certified, {
      startedMs: isHistory ? undefined : this.#now(),
      network: this.#options.network,
      enough: (session) => this.#enough(session),
    });
    const { session } = record;
    if (this.#records.has(session.id)) return;
    for (const earlier of this.#records.values()) this.#supersede(earlier, session.prefix, isHistory);
    if (this.#records.size >= SESSIONS_KEPT) this.#records.delete(this.#records.keys().next().value!);
    this.#records.set(session.id, record);
    if (isHistory) return;
    this.#publish({
      type: 'dkg.started',
      at: time(this.#now()),
      data: {
        session: session.id,
        prefix: prefixName(session.prefix),
        generation: session.generation,
        attempt: session.attempt,
        participants: session.participants.map((each) => each.name),
        threshold: session.threshold,
      },
    });
  }

  /** A section runs one session at a time: a further one means that it has given up the one before. */
  #supersede(record: SessionRecord, prefix: string, isHistory: boolean): void {
    if (record.session.prefix !== prefix || record.hasEnded) return;
    const wasToldOf = record.isToldToHaveFailed;
    record.giveUp(isHistory ? undefined : this.#now());
    if (isHistory || wasToldOf) return;
    const data = { session: record.session.id, phase: record.phase, reason: 'superseded' };
    this.#publish({ type: 'dkg.failed', at: time(this.#now()), data });
  }

  /** @param isHistory whether it happened before this gateway listened */
  handedOver(id: string, key: string, publicKeyShares: readonly Uint8Array[], isHistory: boolean): void {
    const record = this.#records.get(id);
    if (!record) return;
    record.handedOver(key, publicKeyShares, isHistory ? undefined : this.#now());
    this.#tell(record, isHistory);
  }

  /**
   * @param isHistory whether it happened before this gateway listened
   * @throws WitanError `WITAN_ERR_WRONG_SESSION` (not known, or not yet), `WITAN_ERR_NOT_MEMBER` (not a participant)
   */
  take(id: string, node: string, entries: readonly ReportEntry[], isHistory = false): void {
    const record = this.#records.get(id);
    if (!record) throw new WitanError('WITAN_ERR_WRONG_SESSION', `no session ${id.slice(0, 16)}`);
    if (!record.session.indexOf.has(node)) {
      throw new WitanError('WITAN_ERR_NOT_MEMBER', `${node.slice(0, 16)} takes no part in session ${id.slice(0, 16)}`);
    }
    for (const entry of entries) record.take(node, entry);
    this.#tell(record, isHistory);
  }

  /** What is believed of the running sessions now that some have fallen silent. */
  review(): void {
    for (const record of this.#records.values()) if (!record.hasEnded) this.#tell(record, false);
  }

  #tell(record: SessionRecord, isHistory: boolean): void {
    for (const news of record.news()) if (!isHistory) this.#publish(eventOf(record, news));
  }

  /**
   * An honest one is among f + 1 participants. Where fewer are heard, all of them: in a stall as deep as that nobody else
   * can tell of it.
   */
  #enough({ participants }: Session): number {
    const there = participants.filter(({ name }) => !this.#options.isSilent(name)).length;
    return Math.max(1, Math.min(tolerated(participants.length) + 1, there));
  }

  /** Newest first. */
  all(): SessionView[] {
    return [...this.#records.values()].reverse().map((record) => record.view());
  }

  get(id: string): SessionView {
    const record = this.#records.get(id);
    if (!record) throw new WitanError('WITAN_ERR_NOT_FOUND', `no session ${id.slice(0, 16)}`);
    return record.view();
  }
}

function eventOf(record: SessionRecord, news: News): EventInput {
  const session = record.session.id;
  const at = time(news.atMs);
  switch (news.type) {
    case 'phase':
      return { type: 'dkg.phase', at, data: { session, phase: news.phase, expected: news.expected } };
    case 'message': {
      const { phase, from, hash } = news;
      return { type: 'dkg.message', at, data: { session, phase, from, hash, ...record.received(phase) } };
    }
    case 'closed': {
      const { phase, view, included } = news;
      const durationMs = record.durationOf(phase);
      return { type: 'dkg.closed', at, data: { session, phase, view, included: [...included], durationMs } };
    }
    case 'repaired':
      return {
        type: 'dkg.repaired',
        at,
        data: { session, node: news.node, recovered: news.recovered, reason: news.reason },
      };
    case 'blamed':
      return { type: 'dkg.blamed', at, data: { session, node: news.node, reason: news.reason, phase: news.phase } };
    case 'stalled':
      return { type: 'dkg.stalled', at, data: { session, phase: news.phase, waitingOn: [...news.waitingOn] } };
    case 'done':
      return { type: 'dkg.done', at, data: { session, resultKey: news.key, durationMs: record.durationMs ?? 0 } };
    case 'failed':
      return { type: 'dkg.failed', at, data: { session, phase: record.phase, reason: 'not-enough-dealers' } };
  }
}
