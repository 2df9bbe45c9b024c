import { PHASES, type Phase, type PhaseView, type Session } from '@witan/api';
import { type Certified, prefixName } from '@witan/chain';
import { type Session as DkgSession, openSession } from '@witan/dkg';
import type { ReportEntry } from './report-entry.ts';

/** Messages and repairs kept of one session: what a page can show. */
const REPAIRS_KEPT = 500;
const ENTRIES_TAKEN = 50_000;

interface PhaseRecord {
  startedMs: number | undefined;
  endedMs: number | undefined;
  expected: number;
  close: { view: number; included: readonly string[] } | undefined;
  readonly messages: Map<string, { atMs: number; hash: string }>;
}

/** News that a report brought, for the event stream. */
export type News =
  | { readonly type: 'phase'; readonly phase: Phase; readonly expected: number }
  | { readonly type: 'message'; readonly phase: Phase; readonly from: string; readonly hash: string }
  | { readonly type: 'closed'; readonly phase: Phase; readonly view: number; readonly included: readonly string[] }
  | { readonly type: 'repaired'; readonly node: string; readonly recovered: number; readonly reason: string }
  | { readonly type: 'blamed'; readonly node: string; readonly reason: string; readonly phase: Phase }
  | { readonly type: 'stalled'; readonly phase: Phase; readonly waitingOn: readonly string[] }
  | { readonly type: 'done'; readonly key: string }
  | { readonly type: 'failed'; readonly reason: string };

/** One DKG session, put together from what its participants report of it. */
export class SessionRecord {
  readonly session: DkgSession;
  readonly #startedMs: number | undefined;
  readonly #phases: readonly PhaseRecord[];
  readonly #stalled = new Map<string, readonly string[]>();
  /** Why a node asked another, by `asker>asked`. */
  readonly #asked = new Map<string, string>();
  readonly #blame: Session['blame'] = [];
  readonly #repairs: Session['repairs'] = [];
  readonly #failed = new Set<string>();
  #givenUp = false;
  /** What has been taken: history and live reports overlap. */
  readonly #taken = new Set<string>();
  #requests = 0;
  #recovered = 0;
  #firstReportMs: number | undefined;
  #endedMs: number | undefined;
  #resultKey: string | undefined;

  /** @param nowMs undefined for a session that was decided before anybody listened here */
  constructor(certified: Certified, nowMs: number | undefined) {
    this.session = openSession(certified);
    this.#startedMs = nowMs;
    this.#phases = PHASES.map(untold);
  }

  /** The section has taken the key of this session into use, which ends every doubt about it. */
  handedOver(key: string, nowMs: number | undefined): void {
    this.#resultKey ??= key;
    this.#endedMs ??= nowMs;
    this.#stalled.clear();
  }

  get hasEnded(): boolean {
    return this.#resultKey !== undefined || this.#givenUp;
  }

  /** The section has decided on another attempt. Who was waited for is not waited for any more. */
  giveUp(nowMs: number | undefined): void {
    this.#givenUp = true;
    this.#endedMs ??= nowMs;
    this.#stalled.clear();
  }

  take(node: string, entry: ReportEntry): News | undefined {
    const fingerprint = node + JSON.stringify(entry);
    if (this.#taken.has(fingerprint) || this.#taken.size >= ENTRIES_TAKEN) return undefined;
    this.#taken.add(fingerprint);
    const at = entry.wallMs;
    this.#firstReportMs = Math.min(this.#firstReportMs ?? at, at);
    switch (entry.type) {
      case 'phase':
        return this.#onPhase(entry.phase, entry.expected, at, node);
      case 'message':
        return this.#onMessage(entry.phase, entry.from, entry.id, at);
      case 'closed':
        return this.#onClosed(entry.phase, entry.view, entry.included, at);
      case 'asked':
        this.#requests++;
        this.#asked.set(`${node}>${entry.to}`, entry.reason);
        return undefined;
      case 'answered':
        return this.#onAnswered(node, entry.from, entry.recovered, at);
      case 'blame':
        return this.#onBlame(entry);
      case 'stalled':
        return this.#onStalled(node, entry.phase, entry.waitingOn);
      case 'resumed':
        this.#stalled.delete(node);
        return undefined;
      case 'done':
        return this.#onDone(node, entry.key, at);
      case 'failed':
        this.#failed.add(node);
        return this.#failed.size === 1 ? { type: 'failed', reason: entry.reason } : undefined;
      case 'started':
        return undefined;
    }
  }

  get phase(): Phase {
    const last = this.#phases.findLastIndex((each) => each.startedMs !== undefined);
    return PHASES[Math.max(last, 0)]!;
  }

  get durationMs(): number | undefined {
    const [begin, end] = [this.#beginMs, this.#endMs];
    return begin === undefined || end === undefined ? undefined : Math.max(end - begin, 0);
  }

  durationOf(phase: Phase): number {
    const { startedMs, endedMs } = this.#phases[PHASES.indexOf(phase)]!;
    return startedMs === undefined || endedMs === undefined ? 0 : Math.max(endedMs - startedMs, 0);
  }

  received(phase: Phase): { readonly received: number; readonly expected: number } {
    const { messages, expected } = this.#phases[PHASES.indexOf(phase)]!;
    return { received: messages.size, expected };
  }

  view(): Session {
    const { id, prefix, generation, attempt, participants, threshold } = this.session;
    return {
      id,
      prefix: prefixName(prefix),
      generation,
      attempt,
      state: this.#state(),
      phase: this.phase,
      participants: participants.map(({ name, index }) => ({ name, index })),
      threshold,
      waitingOn: this.#waitingOn(),
      blame: this.#blame,
      phases: PHASES.map((name, index) =>
        phaseView(name, this.#beginMs === undefined ? untold() : this.#phases[index]!),
      ),
      antiEntropy: { requests: this.#requests, messagesRecovered: this.#recovered },
      repairs: this.#repairs,
      resultKey: this.#resultKey ?? null,
      startedAt: timeOrNull(this.#beginMs),
      endedAt: timeOrNull(this.#endMs),
      durationMs: this.durationMs ?? null,
    };
  }

  /**
   * Of a session from before this gateway listened it is known only from one who took part in its beginning: what an
   * elder tells of it after a restart says when that elder came to the same end again, and not when the section did.
   */
  get #beginMs(): number | undefined {
    const told = this.#firstReportMs;
    if (this.#startedMs === undefined) return this.#phases[0]!.startedMs === undefined ? undefined : told;
    return Math.min(this.#startedMs, told ?? this.#startedMs);
  }

  get #endMs(): number | undefined {
    return this.#beginMs === undefined ? undefined : this.#endedMs;
  }

  #state(): Session['state'] {
    if (this.#resultKey !== undefined) return 'done';
    if (this.#failed.size > 0 || this.#givenUp) return 'failed';
    return this.#stalled.size > 0 ? 'stalled' : 'running';
  }

  /** Of a stalled session what is waited for by any; of a running one whose message nobody has yet. */
  #waitingOn(): string[] {
    if (this.hasEnded) return [];
    if (this.#stalled.size > 0) return [...new Set([...this.#stalled.values()].flat())].sort();
    const { messages, expected, startedMs } = this.#phases[PHASES.indexOf(this.phase)]!;
    if (startedMs === undefined || messages.size >= expected) return [];
    return this.session.participants.map((each) => each.name).filter((name) => !messages.has(name));
  }

  #onPhase(phase: Phase, expected: number, at: number, node: string): News | undefined {
    const record = this.#phases[PHASES.indexOf(phase)]!;
    this.#stalled.delete(node);
    const isFirst = record.startedMs === undefined;
    record.startedMs = Math.min(record.startedMs ?? at, at);
    record.expected = Math.max(record.expected, expected);
    if (phase === 'commitment') this.#skipJustification(at);
    return isFirst ? { type: 'phase', phase, expected } : undefined;
  }

  /** With nobody accused, Justification begins and ends in the moment in which Commitment begins. */
  #skipJustification(at: number): void {
    const record = this.#phases[PHASES.indexOf('justification')]!;
    if (record.startedMs !== undefined && record.endedMs !== record.startedMs) return;
    record.startedMs = Math.min(record.startedMs ?? at, at);
    record.endedMs = record.startedMs;
  }

  #onMessage(phase: Phase, from: string, hash: string, at: number): News | undefined {
    const { messages } = this.#phases[PHASES.indexOf(phase)]!;
    const known = messages.get(from);
    if (known) {
      known.atMs = Math.min(known.atMs, at);
      return undefined;
    }
    if (!this.session.indexOf.has(from)) return undefined;
    messages.set(from, { atMs: at, hash });
    return { type: 'message', phase, from, hash };
  }

  #onClosed(phase: Phase, view: number, included: readonly string[], at: number): News | undefined {
    const record = this.#phases[PHASES.indexOf(phase)]!;
    record.endedMs = Math.min(record.endedMs ?? at, at);
    if (record.close) return undefined;
    record.close = { view, included };
    return { type: 'closed', phase, view, included };
  }

  #onAnswered(node: string, from: string, recovered: number, at: number): News | undefined {
    const reason = this.#asked.get(`${node}>${from}`) ?? 'no-progress';
    if (recovered === 0) return undefined;
    this.#recovered += recovered;
    if (this.#repairs.length < REPAIRS_KEPT) this.#repairs.push({ node, at: time(at), recovered, reason });
    return { type: 'repaired', node, recovered, reason };
  }

  #onBlame(entry: Extract<ReportEntry, { type: 'blame' }>): News | undefined {
    const { node, reason, phase, evidence } = entry;
    if (this.#blame.some((each) => each.node === node && each.reason === reason)) return undefined;
    this.#blame.push({ node, reason, phase, evidence: [...evidence] });
    return { type: 'blamed', node, reason, phase };
  }

  #onStalled(node: string, phase: Phase, waitingOn: readonly string[]): News | undefined {
    const isFirst = this.#stalled.size === 0;
    if (this.hasEnded) return undefined;
    this.#stalled.set(node, waitingOn);
    return isFirst ? { type: 'stalled', phase, waitingOn } : undefined;
  }

  #onDone(node: string, key: string, at: number): News | undefined {
    this.#stalled.delete(node);
    const last = this.#phases[PHASES.length - 1]!;
    last.endedMs = Math.min(last.endedMs ?? at, at);
    const isFirst = this.#resultKey === undefined;
    this.#resultKey ??= key;
    this.#endedMs = Math.min(this.#endedMs ?? at, at);
    this.#stalled.clear();
    return isFirst ? { type: 'done', key } : undefined;
  }
}

function untold(): PhaseRecord {
  return { startedMs: undefined, endedMs: undefined, expected: 0, close: undefined, messages: new Map() };
}

function phaseView(name: Phase, record: PhaseRecord): PhaseView {
  const { startedMs, endedMs, expected, close, messages } = record;
  return {
    name,
    startedAt: timeOrNull(startedMs),
    endedAt: timeOrNull(endedMs),
    durationMs: startedMs === undefined || endedMs === undefined ? null : Math.max(endedMs - startedMs, 0),
    expected,
    received: messages.size,
    closeView: close?.view ?? null,
    messages: [...messages]
      .map(([from, { atMs, hash }]) => ({ from, at: time(atMs), hash }))
      .sort((a, b) => (a.at < b.at ? -1 : 1)),
    close: close ? { view: close.view, included: [...close.included] } : null,
  };
}

function timeOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : time(ms);
}

export function time(ms: number): string {
  return new Date(ms).toISOString();
}
