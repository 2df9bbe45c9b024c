import { headers as emptyHeaders, type Msg, type MsgHdrs } from '@nats-io/nats-core';
import type { WitanErrorCode } from '@witan/errors';
import type { BusMessage, Headers } from './bus.ts';
import { errorHeaders } from './dispatch.ts';

export type Reply = (message: Msg, payload: Uint8Array, headers?: Headers) => void;

/** A message of the client library as one of ours. */
export function incoming(message: Msg, reply: Reply): BusMessage {
  const { subject } = message;
  const payload = bytesOf(message);
  const headers = headersOf(message);
  if (!awaitsReply(message)) return { subject, payload, headers };
  return { subject, payload, headers, respond: (answer) => reply(message, answer) };
}

/** How to tell whoever sent this that there will be no reply; undefined when it awaits none. */
export function failing(message: Msg, reply: Reply): ((code: WitanErrorCode) => void) | undefined {
  return awaitsReply(message) ? (code) => reply(message, new Uint8Array(0), errorHeaders(code)) : undefined;
}

/** What a subject of the servers' own, such as `$JS.API.…`, would get as a reply it would take for an order, by this user. */
function awaitsReply({ reply }: Msg): boolean {
  return reply !== undefined && reply !== '' && !reply.startsWith('$');
}

/**
 * A copy: what the library gives is a `Buffer` on the network's own, larger one. Kept, it would keep that; and its
 * `slice` shares what a `Uint8Array`'s copies.
 */
export function bytesOf(message: Msg): Uint8Array {
  return new Uint8Array(message.data);
}

export function headersOf(message: Msg): Headers | undefined {
  const { headers } = message;
  if (headers === undefined) return undefined;
  return Object.fromEntries([...headers].map(([name, values]) => [name, values[0] ?? '']));
}

export function toNats(headers: Headers | undefined): { headers?: MsgHdrs } {
  if (headers === undefined) return {};
  const result = emptyHeaders();
  for (const [name, value] of Object.entries(headers)) result.set(name, value);
  return { headers: result };
}
