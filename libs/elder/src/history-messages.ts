import { toHex } from '@witan/crypto';
import { decode, encode, fixed, optional, struct, u32 } from '@witan/wire';
import { type HistoryEntry, type Told, toEntry } from './history.ts';

/** Asks what a node saw of a session, from entry `after` on; without a session only which ones there are. */
export const historyRequestCodec = struct({ session: optional(fixed(32)), after: u32 });

const PAGE_BYTES = 256 * 1024;

export interface HistoryPage {
  readonly sessions: readonly string[];
  readonly entries: readonly HistoryEntry[];
  readonly next: number;
  readonly more: boolean;
}

export function openHistoryRequest(request: Uint8Array): {
  readonly session: string | undefined;
  readonly after: number;
} {
  const { session, after } = decode(historyRequestCodec, request);
  return { session: session && toHex(session), after };
}

export function encodeHistoryRequest(session: Uint8Array | undefined, after: number): Uint8Array {
  return encode(historyRequestCodec, { session, after });
}

/** One page as JSON: it is for people, nothing is believed because of it. */
export function encodeHistory(sessions: readonly string[], all: readonly Told[], after: number): Uint8Array {
  const entries: HistoryEntry[] = [];
  let size = 0;
  for (const told of all.slice(after)) {
    const entry = toEntry(told);
    size += JSON.stringify(entry).length;
    if (size > PAGE_BYTES && entries.length > 0) break;
    entries.push(entry);
  }
  const next = after + entries.length;
  const page: HistoryPage = { sessions, entries, next, more: next < all.length };
  return new TextEncoder().encode(JSON.stringify(page));
}
