import type { DkgReport } from '@witan/dkg';

/**
 * A report with the wall-clock time at which this node made it, in milliseconds since the epoch; keys and hashes in hex,
 * signed messages in base64url.
 */
export type HistoryEntry = { readonly wallMs: number } & { readonly [K in string]: unknown };

/** Entries kept of one session: a DKG of 31 makes some 250; one that stalls for days must not fill the memory. */
const ENTRIES_KEPT = 2000;
/** Of them what was asked and answered, which goes on while a session waits: there is room left for how it ends. */
const QUESTIONS_KEPT = 1000;
/** Of one blame: more than any proof has in a session of a hundred. What is beyond it is left out whole. */
const EVIDENCE_BYTES = 128 * 1024;

/** What tells of this node's own work and not of the session. */
const UNTOLD: ReadonlySet<DkgReport['type']> = new Set(['rejected', 'held', 'served', 'repairing', 'repaired']);

/** A report and when it was made, in wall-clock milliseconds. */
export class Told {
  readonly wallMs: number;
  readonly report: DkgReport;
  #json: string | undefined;

  constructor(report: DkgReport, wallMs: number) {
    this.report = report;
    this.wallMs = wallMs;
  }

  /** A `HistoryEntry`: made when somebody is told, not while the session runs, and once for all who are. */
  get json(): string {
    this.#json ??= JSON.stringify(toEntry(this));
    return this.#json;
  }
}

/** What this node saw of one session, for people to look at. */
export class History {
  readonly #all: Told[] = [];
  #questions = 0;
  /** The stall that it is in, as it was said first. */
  #stall: string | undefined;

  get all(): readonly Told[] {
    return this.#all;
  }

  /** Undefined for what nobody is told. */
  add(report: DkgReport, wallMs: number): Told | undefined {
    if (UNTOLD.has(report.type)) return undefined;
    const told = new Told(report, wallMs);
    if (this.#isKept(report)) this.#all.push(told);
    return told;
  }

  #isKept(report: DkgReport): boolean {
    const { type } = report;
    if ((type === 'asked' || type === 'answered') && this.#questions++ >= QUESTIONS_KEPT) return false;
    if (type === 'phase' || type === 'resumed') this.#stall = undefined;
    if (type === 'stalled') {
      const stall = report.waitingOn.join();
      if (stall === this.#stall) return false;
      this.#stall = stall;
    }
    return this.#all.length < ENTRIES_KEPT;
  }
}

/** Where this node has the end of a session from is nobody else's concern. */
function toEntry({ wallMs, report }: Told): HistoryEntry {
  const { source: _, ...told } = toJson(report) as { source?: string };
  return { wallMs, ...told };
}

function toJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return isEvidence(value) ? evidenceToJson(value as Uint8Array[]) : value.map(toJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, toJson(each)]));
}

/** Lists of bytes are signed messages, single ones are keys and hashes. */
function isEvidence(value: readonly unknown[]): boolean {
  return value.length > 0 && value.every((item) => item instanceof Uint8Array);
}

/** As the REST contract shows payloads. */
function evidenceToJson(items: readonly Uint8Array[]): string[] {
  let size = 0;
  const fits = items.filter((item) => {
    size += item.length;
    return size <= EVIDENCE_BYTES;
  });
  return fits.map((item) => Buffer.from(item.buffer, item.byteOffset, item.byteLength).toString('base64url'));
}
