import { type Identity, toHex } from '@witan/crypto';
import { WitanError } from '@witan/errors';
import { bool, bytes, decode, decodeJson, encode, fixed, openEnvelope, sealEnvelope, struct, u32 } from '@witan/wire';

/** Asks what a node saw of a session, from entry `after` on. */
const historyRequestCodec = struct({ session: fixed(32), after: u32 });

/** Well below what one message may hold; an entry larger than this goes alone. */
const PAGE_BYTES = 256 * 1024;

/** Body of an envelope of kind `dkgHistory`: a page of what its author saw, and which question it answers. */
const historyBody = struct({
  session: fixed(32),
  after: u32,
  next: u32,
  more: bool,
  /** JSON. */
  entries: bytes(384 * 1024),
});

export interface HistoryPage {
  /** Each as JSON. */
  readonly entries: readonly string[];
  /** Where the page after this one begins. */
  readonly next: number;
  readonly more: boolean;
}

/** @param items each as JSON */
export function jsonArray(items: readonly string[]): string {
  return `[${items.join(',')}]`;
}

export function encodeHistoryRequest(session: Uint8Array, after: number): Uint8Array {
  return encode(historyRequestCodec, { session, after });
}

/** @param all each as JSON */
export function pageOf(all: readonly string[], after: number): HistoryPage {
  const entries: string[] = [];
  let size = 0;
  for (const entry of all.slice(after)) {
    size += entry.length;
    if (size > PAGE_BYTES && entries.length > 0) break;
    entries.push(entry);
  }
  const next = after + entries.length;
  return { entries, next, more: next < all.length };
}

/** The answer to `request`, signed. @throws WitanError `WITAN_ERR_MALFORMED` */
export function answerHistoryRequest(
  identity: Identity,
  network: Uint8Array,
  request: Uint8Array,
  told: (session: string) => readonly string[],
): Uint8Array {
  const { session, after } = decode(historyRequestCodec, request);
  const { entries, next, more } = pageOf(told(toHex(session)), after);
  const json = new TextEncoder().encode(jsonArray(entries));
  return sealEnvelope(
    identity,
    network,
    'dkgHistory',
    encode(historyBody, { session, after, next, more, entries: json }),
  ).raw;
}

/**
 * What `from` answered to `request`. The entries may be anything.
 * @throws WitanError `WITAN_ERR_MALFORMED`, `WITAN_ERR_SIGNATURE`; `WITAN_ERR_INVALID`: by another, or to another question
 */
export function openHistory(
  raw: Uint8Array,
  network: Uint8Array,
  from: string,
  request: Uint8Array,
): Omit<HistoryPage, 'entries'> & { readonly entries: unknown } {
  const { kind, author, body } = openEnvelope(raw, network);
  if (kind !== 'dkgHistory' || author !== from) throw new WitanError('WITAN_ERR_INVALID', `no history of ${from}`);
  const { session, after, next, more, entries } = decode(historyBody, body);
  const asked = decode(historyRequestCodec, request);
  if (Buffer.compare(session, asked.session) !== 0 || after !== asked.after) {
    throw new WitanError('WITAN_ERR_INVALID', 'the answer to another question');
  }
  return { entries: decodeJson(entries), next, more };
}
