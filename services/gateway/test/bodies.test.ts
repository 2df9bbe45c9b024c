import { ROUTES } from '@witan/api';
import { describe, expect, test, vi } from 'vitest';
import { fakeBackend, listen } from './harness.ts';
import { Wire } from './wire.ts';

const ATTEST = '/v1/attestations';
const VERIFY = '/v1/verifications';

const chunk = (bytes: Uint8Array) => Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, CRLF]);
const CRLF = Buffer.from('\r\n');
const CHUNKED = 'transfer-encoding: chunked\r\n';
const LAST = '0\r\n\r\n';

describe('a body', () => {
  test.each([1, 2, 7, 1000, 16 * 1024, 100_000])('in chunks of %i bytes is what was sent', async (size) => {
    const backend = fakeBackend();
    const seen: Uint8Array[] = [];
    const original = backend.attest.bind(backend);
    backend.attest = (input) => {
      seen.push(input.payload);
      return original(input);
    };
    const { port } = await listen({}, backend);
    const payload = Buffer.from(Array.from({ length: 60_000 }, (_, at) => (at * at) % 251));
    const json = Buffer.from(JSON.stringify({ payload: payload.toString('base64url'), context: 'x' }));
    const wire = new Wire(port).begin(ATTEST, CHUNKED);
    const chunks: Buffer[] = [];
    for (let at = 0; at < json.length; at += size) chunks.push(chunk(json.subarray(at, at + size)));
    wire.socket.write(Buffer.concat(chunks));
    wire.socket.write(LAST);
    expect((await wire.answer()).status).toBe(201);
    expect(Buffer.compare(seen[0]!, payload)).toBe(0);
  });

  test('that turns out too large is refused as one that says so', async () => {
    const { port } = await listen();
    const limit = ROUTES.attest.bodyLimit;
    const said = await new Wire(port).begin(ATTEST, `content-length: ${limit + 1}\r\n`).answer();
    const wire = new Wire(port).begin(ATTEST, CHUNKED);
    wire.socket.write(chunk(Buffer.alloc(limit, ' ')));
    wire.socket.write(chunk(Buffer.alloc(1)));
    const found = await wire.answer();
    for (const { status, body } of [said, found]) {
      expect(status).toBe(413);
      expect(JSON.parse(body)).toMatchObject({ code: 'WITAN_ERR_TOO_LARGE', limit });
    }
  });

  test('that breaks off is no defect', async () => {
    const counted: number[] = [];
    const observer = { requestDone: ({ status }: { status: number }) => void counted.push(status) };
    const silent = { streamOpened() {}, streamClosed() {}, streamRefused() {} };
    const { port } = await listen({ observer: { ...observer, ...silent } });
    const wire = new Wire(port).begin(ATTEST, CHUNKED);
    wire.socket.write(chunk(Buffer.from('{"payload":')), () => wire.socket.destroy());
    await vi.waitUntil(() => counted.length > 0);
    expect(counted).toEqual([400]);
  });
});

describe('the bodies that are under way to a route', () => {
  const limit = ROUTES.verify.bodyLimit;
  const LARGEST = `content-length: ${limit}\r\n`;
  const post = (url: string, path: string, body: string) =>
    fetch(url + path, { method: 'POST', body, headers: { 'content-type': 'application/json' } });

  /** Room is there for two of the largest, and then for not one byte. */
  const isFull = async (url: string) => (await post(url, VERIFY, '{}')).status === 429;
  const fills = (url: string) => vi.waitUntil(() => isFull(url), { timeout: 20_000, interval: 5 });
  const empties = (url: string) => vi.waitUntil(async () => !(await isFull(url)), { timeout: 20_000, interval: 5 });

  test('have so much room together, also those that do not say how long they are; who finds none is told to wait', async () => {
    const { port, url } = await listen();
    for (const header of [LARGEST, CHUNKED]) new Wire(port).begin(VERIFY, header);
    await fills(url);
    const refused = await post(url, VERIFY, '{}');
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.json()).toMatchObject({ code: 'WITAN_ERR_RATE_LIMITED', limit: 2 * limit });
    // Another route has its own.
    expect((await post(url, ATTEST, '{"payload":""}')).status).toBe(201);
  });

  test.each([LARGEST, CHUNKED])('leave their room when their clients leave: %j', async (header) => {
    const { port, url } = await listen();
    for (let round = 0; round < 3; round += 1) {
      const wires = [1, 2].map(() => new Wire(port).begin(VERIFY, header));
      await fills(url);
      for (const { socket } of wires) socket.destroy();
      await empties(url);
    }
  });

  test('leave it when they are answered, on a connection that stays', async () => {
    const { port, url } = await listen();
    const wire = new Wire(port);
    for (let nth = 0; nth < 4; nth += 1) {
      const held = new Wire(port).begin(VERIFY, LARGEST);
      wire.begin(VERIFY, LARGEST);
      await fills(url);
      wire.socket.write('{}'.padEnd(limit));
      expect((await wire.answer(nth)).status).toBe(400);
      await empties(url);
      held.socket.destroy();
    }
  });

  test('leave it with a connection on which another request is not answered yet', async () => {
    const backend = fakeBackend();
    backend.attest = () => new Promise(() => {});
    const { port, url } = await listen({}, backend);
    const wires = [1, 2].map(() => {
      const wire = new Wire(port).begin(ATTEST, 'content-length: 14\r\n');
      wire.socket.write('{"payload":""}');
      return wire.begin(VERIFY, LARGEST);
    });
    await fills(url);
    for (const { socket } of wires) socket.destroy();
    await empties(url);
  });

  test('have none that is too large, or that no key opens the route for', async () => {
    const { port, url } = await listen({ apiKeys: { holderOf: () => undefined } });
    for (let nth = 0; nth < 20; nth += 1) {
      const wire = new Wire(port).begin(VERIFY, `content-length: ${limit + 1}\r\n`);
      expect((await wire.answer()).status).toBe(413);
      expect((await new Wire(port).begin(ATTEST, CHUNKED).answer()).status).toBe(401);
    }
    expect(await isFull(url)).toBe(false);
  });
});
