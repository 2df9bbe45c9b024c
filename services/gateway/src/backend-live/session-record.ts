import { PHASES, type Phase, type PhaseView, type Session } from '@witan/api';
import { type Certified, prefixName } from '@witan/chain';
import { type Session as DkgSession, openSession } from '@witan/dkg';
import { BlameRecord } from './blame-record.ts';
import { PhaseRecord } from './phase-record.ts';
import { RepairRecord } from './repair-record.ts';
import type { ReportEntry } from './report-entry.ts';
import { Testimony } from './testimony.ts';
import { time, timeOrNull } from './time.ts';
import { Timeline } from './timeline.ts';

/** Taken of one participant of what it asks and is answered, and of all else: as many as an elder keeps of a session. */
const ENTRIES_TAKEN = 2000;

/** News of a session, for the event stream. */
export type News = { readonly atMs: number } & (
  | { readonly type: 'phase'; readonly phase: Phase; readonly expected: number }
  | { readonly type: 'message'; readonly phase: Phase; readonly from: string; readonly hash: string }
  | { readonly type: 'closed'; readonly phase: Phase; readonly view: number; readonly included: readonly string[] }
  | { readonly type: 'repaired'; readonly node: string; readonly recovered: number; readonly reason: string }
  | { readonly type: 'blamed'; readonly node: string; readonly reason: string; readonly phase: Phase }
  | { readonly type: 'stalled'; readonly phase: Phase; readonly waitingOn: readonly string[] }
  | { readonly type: 'done'; readonly key: string }
  | { readonly type: 'failed' }
);

export interface RecordOptions {
  /** Undefined for a session that was decided before anybody listened here. */
  readonly startedMs: number | undefined;
  /** Its tag. */
  readonly network: Uint8Array;
  /** How many participants have to say a thing for it to be believed; it changes as they come and go. */
  readonly enough: (session: DkgSession) => number;
}

/**
 * One DKG session, put together from what its participants report of it. What they say of the session is believed when
 * enough of them say it; what they say of themselves (whom they asked, what they got) is shown as theirs.
 */
export class SessionRecord {
  readonly session: DkgSession;
  readonly #options: RecordOptions;
  readonly #phases: readonly PhaseRecord[] = PHASES.map(() => new PhaseRecord());
  readonly #timeline = new Timeline();
  readonly #blame: BlameRecord;
  readonly #repairs = new RepairRecord();
  /** When each first said anything. */
  readonly #first = new Testimony<null>();
  readonly #failed = new Testimony<null>();
  /** What each has said last of the stall that it is in. */
  readonly #stalled = new Map<string, Extract<ReportEntry, { type: 'stalled' }>>();
  readonly #done = new Map<string, Testimony<null>>();
  readonly #entriesOf = new Map<string, number>();
  /** What has been news. */
  readonly #announced = new Set<string>();
  #given: { readonly key: string | undefined; readonly atMs: number | undefined } | undefined;
  /** As it was shown last, while nothing has come since: most sessions of a list ended long ago. */
  #shown: { readonly enough: number; readonly view: Session } | undefined;

  constructor(certified: Certified, options: RecordOptions) {
    this.session = openSession(certified);
    this.#options = options;
    this.#blame = new BlameRecord(this.session, options.network);
  }

  /** The section has taken the key of this session into use, which ends every doubt about it. */
  handedOver(key: string, publicKeyShares: readonly Uint8Array[], atMs: number | undefined): void {
    this.#given = { key, atMs };
    this.#shown = undefined;
    this.#blame.keyIsKnown(publicKeyShares);
  }

  /**
   * The section has decided on another attempt, also where this one was done and somebody had no share of its key. Who was
   * waited for is not waited for any more.
   */
  giveUp(atMs: number | undefined): void {
    this.#given = { key: undefined, atMs };
    this.#shown = undefined;
  }

  get hasEnded(): boolean {
    return this.#given !== undefined || this.#key(this.#enough) !== undefined;
  }

  take(node: string, entry: ReportEntry): void {
    if (!this.#mayTake(node, entry)) return;
    this.#shown = undefined;
    const at = entry.wallMs;
    this.#first.tell(node, at, null);
    switch (entry.type) {
      case 'phase':
        this.#stalled.delete(node);
        this.#of(entry.phase).begin.tell(node, at, entry.expected);
        this.#timeline.tell(node, entry.phase, at);
        break;
      case 'message':
        if (this.session.indexOf.has(entry.from)) this.#of(entry.phase).onMessage(node, at, entry.from, entry.id);
        break;
      case 'closed':
        if (this.#areParticipants(entry.included)) this.#of(entry.phase).onClosed(node, at, entry.view, entry.included);
        break;
      case 'asked':
      case 'answered':
        this.#repairs.tell(node, entry);
        break;
      case 'blame':
        this.#blame.tell(node, at, entry);
        break;
      case 'stalled':
        // It is said again and again while it lasts.
        this.#stalled.set(node, { ...entry, wallMs: this.#stalled.get(node)?.wallMs ?? at });
        break;
      case 'resumed':
        this.#stalled.delete(node);
        break;
      case 'done':
        this.#stalled.delete(node);
        this.#onDone(node, entry.key, at);
        break;
      case 'failed':
        this.#failed.tell(node, at, null);
        this.#timeline.tell(node, 'end', at);
    }
  }

  /** Each once. */
  #areParticipants(names: readonly string[]): boolean {
    return new Set(names).size === names.length && names.every((name) => this.session.indexOf.has(name));
  }

  /** While a session waits, which may be for days, its participants go on asking: the end of it has its own place. */
  #mayTake(node: string, { type }: ReportEntry): boolean {
    if (type === 'stalled' || type === 'resumed') return true;
    const kind = `${type === 'asked' || type === 'answered'} ${node}`;
    const taken = this.#entriesOf.get(kind) ?? 0;
    this.#entriesOf.set(kind, taken + 1);
    return taken < ENTRIES_TAKEN;
  }

  /** What is believed now and was not told before, in the order of the session. */
  news(): News[] {
    const enough = this.#enough;
    const out: News[] = [];
    for (const phase of PHASES) this.#phaseNews(phase, enough, out);
    for (const { node, reason, phase } of this.#blame.believed(enough)) {
      this.#once(`blame ${node} ${reason} ${phase}`, out, {
        type: 'blamed',
        atMs: this.#latestMs(enough),
        node,
        reason,
        phase,
      });
    }
    for (const { node, at, recovered, reason } of this.#repairs.shown) {
      const news = { type: 'repaired', atMs: Date.parse(at), node, recovered, reason } as const;
      this.#once(`repair ${node} ${at} ${recovered} ${reason}`, out, news);
    }
    this.#stallNews(enough, out);
    const key = this.#key(enough);
    if (key !== undefined)
      this.#once('done', out, { type: 'done', atMs: this.#endMs(enough) ?? this.#latestMs(enough), key });
    else if (this.#failed.isBelieved(enough)) {
      this.#once('failed', out, { type: 'failed', atMs: this.#endMs(enough) ?? this.#latestMs(enough) });
    }
    return out;
  }

  /** Whether it has been told that it failed. */
  get isToldToHaveFailed(): boolean {
    return this.#announced.has('failed');
  }

  /** The furthest that enough of them tell of: that it began, or that they wait in it or in a later one. */
  get phase(): Phase {
    const enough = this.#enough;
    const begun = this.#phases.findLastIndex(({ begin }) => begin.isBelieved(enough));
    const waiting = [...this.#stalled.values()].map(({ phase }) => PHASES.indexOf(phase)).sort((a, b) => b - a);
    return PHASES[Math.max(begun, waiting[enough - 1] ?? 0)]!;
  }

  get durationMs(): number | undefined {
    const enough = this.#enough;
    const [begin, end] = [this.#beginMs(enough), this.#endMs(enough)];
    return begin === undefined || end === undefined ? undefined : Math.max(end - begin, 0);
  }

  durationOf(phase: Phase): number {
    return this.#phaseView(phase, this.#enough).durationMs ?? 0;
  }

  received(phase: Phase): { readonly received: number; readonly expected: number } {
    const enough = this.#enough;
    return { received: this.#of(phase).messages(enough).size, expected: this.#of(phase).expected(enough) };
  }

  view(): Session {
    const enough = this.#enough;
    if (this.#shown?.enough !== enough) this.#shown = { enough, view: this.#view(enough) };
    return this.#shown.view;
  }

  #view(enough: number): Session {
    const { id, prefix, generation, attempt, participants, threshold } = this.session;
    const begin = this.#beginMs(enough);
    return {
      id,
      prefix: prefixName(prefix),
      generation,
      attempt,
      state: this.#state(enough),
      phase: this.phase,
      participants: participants.map(({ name, index }) => ({ name, index })),
      threshold,
      waitingOn: this.#waitingOn(enough),
      blame: this.#blame.believed(enough),
      phases: PHASES.map((phase) => (begin === undefined ? untold(phase) : this.#phaseView(phase, enough))),
      antiEntropy: this.#repairs.sums,
      repairs: this.#repairs.shown,
      resultKey: this.#key(enough) ?? null,
      startedAt: timeOrNull(begin),
      endedAt: timeOrNull(this.#endMs(enough)),
      durationMs: this.durationMs ?? null,
    };
  }

  get #enough(): number {
    return this.#options.enough(this.session);
  }

  #of(phase: Phase): PhaseRecord {
    return this.#phases[PHASES.indexOf(phase)]!;
  }

  #key(enough: number): string | undefined {
    if (this.#given?.key !== undefined) return this.#given.key;
    return [...this.#done].find(([, told]) => told.isBelieved(enough))?.[0];
  }

  /**
   * Of a session from before this gateway listened it is known only from those who took part in its beginning: what an
   * elder tells of it after a restart says when that elder came to the same end again, and not when the section did.
   */
  #beginMs(enough: number): number | undefined {
    const { startedMs } = this.#options;
    const told = this.#first.atMs(enough);
    if (startedMs === undefined) return this.#phases[0]!.begin.isBelieved(enough) ? told : undefined;
    return Math.min(startedMs, told ?? startedMs);
  }

  #endMs(enough: number): number | undefined {
    if (this.#beginMs(enough) === undefined) return undefined;
    const key = this.#key(enough);
    const told = key === undefined ? this.#failed : this.#done.get(key);
    if (told?.isBelieved(enough)) return this.#timeline.atMs('end', enough);
    const atMs = this.#given?.atMs;
    return atMs === undefined ? undefined : Math.max(atMs, this.#latestMs(enough));
  }

  #beganMs(phase: Phase, enough: number): number | undefined {
    return this.#of(phase).begin.isBelieved(enough) ? this.#timeline.atMs(phase, enough) : undefined;
  }

  /** The last believed step, for what is told without a time of its own. */
  #latestMs(enough: number): number {
    const begins = PHASES.flatMap((phase) => this.#beganMs(phase, enough) ?? []);
    return Math.max(this.#beginMs(enough) ?? 0, ...begins);
  }

  #state(enough: number): Session['state'] {
    if (this.#key(enough) !== undefined) return 'done';
    if (this.#given || this.#failed.isBelieved(enough)) return 'failed';
    return this.#stalled.size >= enough ? 'stalled' : 'running';
  }

  /** Of a stalled session those whom enough of its participants miss; of a running one whose message nobody has yet. */
  #waitingOn(enough: number): string[] {
    if (this.#key(enough) !== undefined || this.#given) return [];
    if (this.#stalled.size >= enough) {
      const missed = [...this.#stalled.values()].flatMap(({ waitingOn }) => [...new Set(waitingOn)]);
      const names = this.session.participants.map(({ name }) => name);
      return names.filter((name) => missed.filter((each) => each === name).length >= enough);
    }
    const current = this.#of(this.phase);
    const messages = current.messages(enough);
    if (!current.begin.isBelieved(enough) || messages.size >= current.expected(enough)) return [];
    return this.session.participants.map(({ name }) => name).filter((name) => !messages.has(name));
  }

  #phaseView(phase: Phase, enough: number): PhaseView {
    const record = this.#of(phase);
    const close = record.close(enough);
    const startedMs = this.#beganMs(phase, enough) ?? this.#skippedMs(phase, enough);
    const endedMs = this.#leftMs(phase, enough) ?? (close && Math.max(close.atMs, startedMs ?? 0));
    const messages = record.messages(enough);
    return {
      name: phase,
      startedAt: timeOrNull(startedMs),
      endedAt: timeOrNull(endedMs),
      durationMs: startedMs === undefined || endedMs === undefined ? null : endedMs - startedMs,
      expected: record.expected(enough),
      received: messages.size,
      closeView: close?.view ?? null,
      messages: [...messages].map(([from, { atMs, hash }]) => ({ from, at: time(atMs), hash })),
      close: close ? { view: close.view, included: [...close.included] } : null,
    };
  }

  /** With nobody accused, Justification begins and ends in the moment in which Commitment begins. */
  #skippedMs(phase: Phase, enough: number): number | undefined {
    return phase === 'justification' ? this.#beganMs('commitment', enough) : undefined;
  }

  /** It ends where another one begins: a Commitment goes on after its close while shares are opened. */
  #leftMs(phase: Phase, enough: number): number | undefined {
    if (phase === 'finalisation') return this.#key(enough) === undefined ? undefined : this.#endMs(enough);
    const later = PHASES.slice(PHASES.indexOf(phase) + 1);
    return later.map((each) => this.#beganMs(each, enough)).find((atMs) => atMs !== undefined);
  }

  #onDone(node: string, key: string, at: number): void {
    // A participant ends with one key.
    if ([...this.#done].some(([other, told]) => other !== key && told.isHeardFrom(node))) return;
    const told = this.#done.get(key) ?? new Testimony<null>();
    this.#done.set(key, told);
    told.tell(node, at, null);
    this.#timeline.tell(node, 'end', at);
  }

  #phaseNews(phase: Phase, enough: number, out: News[]): void {
    const record = this.#of(phase);
    const atMs = this.#beganMs(phase, enough);
    if (atMs !== undefined) {
      this.#once(`phase ${phase}`, out, { type: 'phase', atMs, phase, expected: record.expected(enough) });
    }
    for (const [from, message] of record.messages(enough)) {
      const news = { type: 'message', atMs: message.atMs, phase, from, hash: message.hash } as const;
      this.#once(`message ${phase} ${from}`, out, news);
    }
    const close = record.close(enough);
    if (close) this.#once(`closed ${phase}`, out, { type: 'closed', phase, ...close });
  }

  #stallNews(enough: number, out: News[]): void {
    if (this.#state(enough) !== 'stalled') {
      this.#announced.delete('stalled');
      return;
    }
    const stalled = [...this.#stalled.values()];
    const atMs = stalled.map(({ wallMs }) => wallMs).sort((a, b) => a - b)[enough - 1]!;
    this.#once('stalled', out, { type: 'stalled', atMs, phase: this.phase, waitingOn: this.#waitingOn(enough) });
  }

  #once(name: string, out: News[], news: News): void {
    if (this.#announced.has(name)) return;
    this.#announced.add(name);
    out.push(news);
  }
}

function untold(name: Phase): PhaseView {
  return {
    name,
    startedAt: null,
    endedAt: null,
    durationMs: null,
    expected: 0,
    received: 0,
    closeView: null,
    messages: [],
    close: null,
  };
}
