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

/**
 * Replies go to inboxes alone. Whoever asks says where to: another subject would get, from this user, what the one who
 * asks may not say there, and one of the servers' own, such as `$JS.API.…`, would take it for an order.
 */
function awaitsReply({ reply }: Msg): boolean {
  return reply !== undefined && isInbox(reply);
}

export function isInbox(subject: string): boolean {
  return subject.startsWith('_INBOX');
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
