import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CODES, type WitanErrorCode } from '@witan/errors';
import { expect, onTestFinished, test } from 'vitest';
import { follow, type Picture } from '../src/feed.ts';

function problem(response: ServerResponse, code: WitanErrorCode): void {
  const { status, title, help } = CODES[code];
  const body = {
    type: `urn:witan:error:${code}`,
    title,
    status,
    help,
    detail: title,
    instance: 'urn:witan:request:x',
    code,
  };
  response.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(body));
}

/** A gateway whose stream of events is open and silent, and that answers each look at the state with what `answer` says. */
async function gateway(answer: (look: number) => WitanErrorCode | undefined) {
  let looks = 0;
  const server = createServer(({ url }, response) => {
    if (url?.startsWith('/v1/events')) {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('id: x-0\n\n');
      return;
    }
    const isSection = url?.startsWith('/v1/sections');
    const code = answer(isSection ? looks++ : looks);
    if (code !== undefined) problem(response, code);
    else if (isSection) problem(response, 'WITAN_ERR_NOT_FOUND');
    else {
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ sessions: [], nextCursor: null }));
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a gateway that refuses because of the rate of requests is asked again', async () => {
  const ending = new AbortController();
  const pictures: Picture[] = [];
  const url = await gateway((look) => (look < 3 ? 'WITAN_ERR_RATE_LIMITED' : undefined));
  const following = follow({
    url,
    signal: ending.signal,
    onEvent: () => {},
    onPicture: (picture) => {
      pictures.push(picture);
      ending.abort();
    },
  });
  await following;
  expect(pictures).toEqual([{ section: undefined, session: undefined }]);
});

test('what cannot pass ends it, and is told to whoever waits for its end', async () => {
  const url = await gateway(() => 'WITAN_ERR_INTERNAL');
  const { signal } = new AbortController();
  const following = follow({ url, signal, onEvent: () => {}, onPicture: () => {} });
  await expect(following).rejects.toMatchObject({ code: 'WITAN_ERR_INTERNAL' });
});
