import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { freePort } from '../src/ports.ts';

test('a port that is taken is passed by, and said to be', async () => {
  const taker = createServer().listen(0, '127.0.0.1');
  await once(taker, 'listening');
  const { port: taken } = taker.address() as AddressInfo;
  const { port, refusal } = await freePort(taken);
  taker.close();
  expect(port).not.toBe(taken);
  expect(refusal).toBe('is taken');
});

test.each<[string, (port: number) => string | undefined, number, { port: number; refusal?: string }]>([
  ['a free one is as good as any', () => undefined, 80, { port: 80 }],
  [
    'those of the system',
    (port) => (port < 1024 ? 'EACCES' : undefined),
    80,
    { port: 0, refusal: 'takes more rights than this has' },
  ],
  [
    'the last of them',
    (port) => (port < 1024 ? 'EACCES' : undefined),
    1000,
    { port: 1024, refusal: 'takes more rights than this has' },
  ],
  ['the first one counts', (port) => (port === 80 ? 'EADDRINUSE' : 'EACCES'), 80, { port: 0, refusal: 'is taken' }],
  ['any', () => 'EACCES', 0, { port: 0 }],
])('the next one is taken, and why is said of the one that was wanted: %s', async (_, refusalOf, wanted, found) => {
  expect(await freePort(wanted, async (port) => refusalOf(port))).toEqual(found);
});
