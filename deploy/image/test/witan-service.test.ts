import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const SCRIPT = readFileSync(new URL('../witan-service', import.meta.url), 'utf8');
const ADDRESSES = '/proc/net/if_inet6';

const LOOPBACK = '00000000000000000000000000000001 01 80 10 80       lo\n';
const LINK = 'fe8000000000000000fc00fffe000001 04 40 20 80     eth0\n';
const GLOBAL = '20010db8000000000000000000000002 04 40 00 80     eth0\n';
const UNIQUE_LOCAL = 'fd000000000000000000000000000002 04 40 00 82     eth0\n';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'witan-entry-'));
  mkdirSync(join(folder, 'flags'));
  // In the place of a service: what it is started with.
  writeFileSync(join(folder, 'node'), '#!/bin/sh\necho "metrics $WITAN_METRICS_HOST http $WITAN_HTTP_HOST"\n');
  chmodSync(join(folder, 'node'), 0o755);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Where a service is told to listen in a container with these addresses of IPv6; undefined: it has no IPv6. */
function hosts(service: string, addresses: string | undefined, given: Readonly<Record<string, string>> = {}): string {
  const file = join(folder, 'if_inet6');
  if (addresses !== undefined) writeFileSync(file, addresses);
  writeFileSync(join(folder, 'flags', service), '--no-warnings\n');
  expect(SCRIPT).toContain(`[ -r ${ADDRESSES} ]`);
  const script = SCRIPT.replaceAll(ADDRESSES, file).replaceAll('/app/', `${folder}/`);
  const env = { PATH: `${folder}:${process.env.PATH}`, ...given };
  return execFileSync('sh', ['-c', script, 'witan-service', service], { env, encoding: 'utf8' }).trim();
}

describe('in a container, a service listens for all', () => {
  test.for([
    ['no IPv6', undefined, '0.0.0.0'],
    ['IPv6 that is switched off', '', '0.0.0.0'],
    ['IPv6 for itself and its link alone', LOOPBACK + LINK, '0.0.0.0'],
    ['an address of IPv6 for the world', LOOPBACK + GLOBAL + LINK, '::'],
    ['one for its site', UNIQUE_LOCAL + LOOPBACK, '::'],
  ] as const)('with %s', ([, addresses, any]) => {
    expect(hosts('gateway', addresses)).toBe(`metrics ${any} http ${any}`);
    expect(hosts('elder', addresses)).toBe(`metrics ${any} http`);
  });

  test('but where it was told', () => {
    const given = { WITAN_METRICS_HOST: '10.0.0.1', WITAN_HTTP_HOST: '10.0.0.2' };
    expect(hosts('gateway', LOOPBACK + GLOBAL, given)).toBe('metrics 10.0.0.1 http 10.0.0.2');
  });
});
