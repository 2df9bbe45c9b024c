import type { Readable } from 'node:stream';
import { WitanError } from '@witan/errors';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { boundJson } from './json-bounds.ts';

/** Of a body that does not say how long it is, so much is there room for at first. */
const FIRST_BYTES = 16 * 1024;
/** Bodies that are larger than this share a room. */
const SMALL_BYTES = 64 * 1024;
const ROOM_BYTES_MIN = 12 * 1024 * 1024;
const RETRY_AFTER_MS = 1000;

/** Bodies are JSON in UTF-8. Whatever is sent, reading and parsing one takes an amount of memory that its limit bounds. */
export function acceptOnlyJson(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', async (request: FastifyRequest, payload: Readable) => {
    const bytes = await readBody(payload, request);
    boundJson(bytes);
    const text = decodeUtf8(bytes);
    return new Promise((resolve, reject) => {
      parseJson(request, text, (error, body) => (error ? reject(error) : resolve(body)));
    });
  });
}

/**
 * The room that large bodies of one route have together: for two of the largest, or more where these are small. Each takes its
 * place before it is read, and has it until it is answered or its client has left.
 * @returns undefined for a route whose bodies are small
 */
export function roomForBodies(bodyLimit = 0): ((request: FastifyRequest, reply: FastifyReply) => void) | undefined {
  if (bodyLimit <= SMALL_BYTES) return undefined;
  const room = Math.max(2 * bodyLimit, ROOM_BYTES_MIN);
  let taken = 0;
  return (request, { raw }) => {
    const bytes = announced(request) ?? bodyLimit;
    // Nothing is read of a body that is too large, and nobody waits any more for the answer to one who has left.
    if (bytes > bodyLimit || raw.destroyed) return;
    if (taken + bytes > room) {
      throw new WitanError('WITAN_ERR_RATE_LIMITED', `Bodies of over ${room} bytes are under way to this route.`, {
        data: { limit: room, retryAfterMs: RETRY_AFTER_MS },
      });
    }
    taken += bytes;
    raw.once('close', () => {
      taken -= bytes;
    });
  };
}

/**
 * All of a body in one piece of memory. A list of its chunks would not do: one that is sent in chunks of a byte each is a
 * hundred times as large as such a list.
 * @throws `WITAN_ERR_TOO_LARGE`, `WITAN_ERR_MALFORMED`
 */
async function readBody(payload: Readable, request: FastifyRequest): Promise<Uint8Array> {
  const limit = request.routeOptions.bodyLimit;
  const length = announced(request);
  if (length !== undefined && length > limit) throw tooLarge(limit);
  let bytes = Buffer.allocUnsafe(length ?? Math.min(FIRST_BYTES, limit));
  let read = 0;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const take = (chunk: Buffer): void => {
    const end = read + chunk.length;
    if (end > limit) {
      reject(tooLarge(limit));
      return;
    }
    if (end > bytes.length) {
      const larger = Buffer.allocUnsafe(Math.min(limit, Math.max(end, 2 * bytes.length)));
      bytes.copy(larger, 0, 0, read);
      bytes = larger;
    }
    chunk.copy(bytes, read);
    read = end;
  };
  const breakOff = (cause: unknown) => reject(new WitanError('WITAN_ERR_MALFORMED', 'The body broke off.', { cause }));
  payload.on('data', take).once('end', resolve).once('error', breakOff);
  try {
    await promise;
  } finally {
    payload.off('data', take).off('end', resolve).off('error', breakOff);
  }
  if (length !== undefined && length !== read) {
    throw new WitanError('WITAN_ERR_MALFORMED', 'The body is not as long as Content-Length says.');
  }
  return bytes.subarray(0, read);
}

/** What the request says of the length of its body; Node has seen to it that it is a number. */
function announced(request: FastifyRequest): number | undefined {
  const length = request.headers['content-length'];
  return length === undefined ? undefined : Number(length);
}

function tooLarge(limit: number): WitanError {
  return new WitanError('WITAN_ERR_TOO_LARGE', `The body is over ${limit} bytes.`, { data: { limit } });
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new WitanError('WITAN_ERR_MALFORMED', 'The body is not UTF-8.');
  }
}
