import type { DkgReport } from '@witan/dkg';

/** A report with the wall-clock time at which this node made it, in milliseconds since the epoch; hex for bytes. */
export type HistoryEntry = { readonly wallMs: number } & { readonly [K in string]: unknown };

/** Entries kept of one session: a DKG of 31 makes some 250; one that stalls for days must not fill the memory. */
const ENTRIES_KEPT = 2000;
const EVIDENCE_BYTES_SHOWN = 16 * 1024;

/** A report and when it was made; it becomes text when somebody is told, not while the session runs. */
export interface Told {
  readonly wallMs: number;
  readonly report: DkgReport;
}

/** What this node saw of one session, for people to look at. */
export class History {
  readonly #all: Told[] = [];

  get all(): readonly Told[] {
    return this.#all;
  }

  /** Undefined for what nobody is told. */
  add(report: DkgReport, wallMs: number): Told | undefined {
    if (report.type === 'rejected' || report.type === 'held' || report.type === 'served') return undefined;
    const told = { wallMs, report };
    if (this.#all.length < ENTRIES_KEPT) this.#all.push(told);
    return told;
  }
}

export function toEntry({ wallMs, report }: Told): HistoryEntry {
  return { wallMs, ...(toJson(report) as object) };
}

function toJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(itemToJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, toJson(each)]));
}

/** Lists of bytes are signed messages, shown as the REST contract shows payloads; single ones are keys and hashes. */
function itemToJson(item: unknown): unknown {
  if (!(item instanceof Uint8Array)) return toJson(item);
  return Buffer.from(item.subarray(0, EVIDENCE_BYTES_SHOWN)).toString('base64url');
}
