import type { Session } from '@witan/api';
import type { ReportEntry } from './report-entry.ts';
import { time } from './time.ts';

/** Kept of what one participant says of itself: what a page can show. */
const REPAIRS_KEPT = 100;

interface Own {
  requests: number;
  recovered: number;
  readonly shown: Session['repairs'];
  /** Why it asked, by whom. */
  readonly asked: Map<string, string>;
  /** What has been taken: history and live reports overlap. */
  readonly taken: Set<string>;
}

/** What anti-entropy brought in a session: each participant speaks for itself alone, and nobody else could know. */
export class RepairRecord {
  readonly #own = new Map<string, Own>();

  tell(node: string, entry: Extract<ReportEntry, { type: 'asked' | 'answered' }>): void {
    const none: Own = { requests: 0, recovered: 0, shown: [], asked: new Map(), taken: new Set() };
    const own = this.#own.get(node) ?? none;
    this.#own.set(node, own);
    const peer = entry.type === 'asked' ? entry.to : entry.from;
    const fingerprint = `${entry.type} ${entry.wallMs} ${peer}`;
    if (own.taken.has(fingerprint)) return;
    own.taken.add(fingerprint);
    if (entry.type === 'asked') {
      own.requests++;
      own.asked.set(peer, entry.reason);
    } else if (entry.recovered > 0) {
      const { recovered, wallMs } = entry;
      own.recovered += recovered;
      if (own.shown.length >= REPAIRS_KEPT) return;
      own.shown.push({ node, at: time(wallMs), recovered, reason: own.asked.get(peer) ?? 'no-progress' });
    }
  }

  /** In the order in which they were told by each. */
  get shown(): Session['repairs'] {
    return [...this.#own.values()].flatMap(({ shown }) => shown);
  }

  get sums(): Session['antiEntropy'] {
    const all = [...this.#own.values()];
    return {
      requests: all.reduce((sum, { requests }) => sum + requests, 0),
      messagesRecovered: all.reduce((sum, { recovered }) => sum + recovered, 0),
    };
  }
}
