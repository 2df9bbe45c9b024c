import { describe, expect, test } from 'vitest';
import { trustedProxies } from '../src/trusted-proxies.ts';
import { startApp } from './harness.ts';

const { read } = trustedProxies({ help: '' });

describe('the setting', () => {
  test.for([
    ['off', 'off'],
    ['false', 'off'],
    ['1', 1],
    [2, 2],
    ['10.0.0.0/8, fd00::1', ['10.0.0.0/8', 'fd00::1']],
  ] as const)('takes %j', ([input, value]) => {
    expect(read(input)).toEqual(value);
  });

  // Of the first two each would believe what a client has made up.
  test.for(['true', '0.0.0.0/0', '::/0', '11', '-1', '1.5', '', '10.0.0.0/33', 'proxy.example', '1,', true, {}, null])(
    'refuses %j',
    (input) => {
      expect(read(input)).toBeUndefined();
    },
  );
});

describe('the rate limit behind a proxy', () => {
  /** How many of `headers` are served by a gateway that lets each client ask once. */
  const served = async (setting: unknown, headers: readonly string[], remoteAddress = '10.1.1.1'): Promise<number> => {
    const { app } = await startApp({ rateLimit: { max: 1, windowMs: 60_000 }, trustedProxies: read(setting) ?? 'off' });
    let count = 0;
    for (const header of headers) {
      const request = { url: '/v1/network', remoteAddress, headers: { 'x-forwarded-for': header } };
      if ((await app.inject(request)).statusCode === 200) count += 1;
    }
    return count;
  };
  /** The proxy adds the address that it sees. */
  const madeUp = ['203.0.113.1, 198.51.100.7', '203.0.113.2, 198.51.100.7', '198.51.100.7'];
  const different = ['198.51.100.7', '198.51.100.8', '203.0.113.1, 198.51.100.9'];

  test.for(['1', '10.0.0.0/8'])(
    'with %j is of each client, and is not evaded by addresses that it makes up',
    async (setting) => {
      expect(await served(setting, madeUp)).toBe(1);
      expect(await served(setting, different)).toBe(3);
    },
  );

  test('with two proxies, is of whom the first of them saw', async () => {
    const chains = madeUp.map((header) => `${header}, 10.2.2.2`);
    expect(await served('2', chains)).toBe(1);
    expect(
      await served(
        '2',
        different.map((header) => `${header}, 10.2.2.2`),
      ),
    ).toBe(3);
  });

  test('is of the connection where no proxy is trusted, or not this one', async () => {
    expect(await served('off', different)).toBe(1);
    expect(await served('10.0.0.0/8', different, '192.0.2.1')).toBe(1);
  });
});
