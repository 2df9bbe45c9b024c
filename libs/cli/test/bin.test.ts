import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { CODES } from '@witan/errors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const BIN = fileURLToPath(new URL('../bin/witan.mjs', import.meta.url));

/** Node takes itself for one that cannot run the sources. */
const OLDER_NODE = [
  `--import=data:text/javascript,Object.defineProperty(process, 'versions', { value: { node: '20.0.0' } })`,
];

const witan = (args: readonly string[], options: { input?: string; env?: Record<string, string> } = {}) =>
  spawnSync(process.execPath, [BIN, ...args], {
    encoding: 'utf8',
    input: options.input ?? '',
    env: { PATH: process.env.PATH ?? '', ...options.env },
  });

describe('the witan program', () => {
  test('answers', () => {
    const { status, stdout, stderr } = witan(['errors', 'stale']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('WITAN_ERR_STALE');
  });

  test('ends with the code of the error and reads its standard input', () => {
    const { status, stdout, stderr } = witan(['verify', '-', '--genesis', 'a'.repeat(96)], { input: 'noise' });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('WITAN_ERR_MALFORMED: the standard input is not JSON');
  });

  test('colours only where it is asked to', () => {
    const colour = '\u001b[';
    expect(witan(['errors']).stdout).not.toContain(colour);
    expect(witan(['errors'], { env: { FORCE_COLOR: '1' } }).stdout).toContain(colour);
    expect(witan(['errors'], { env: { FORCE_COLOR: '1', NO_COLOR: '1' } }).stdout).not.toContain(colour);
  });

  test('takes a reader that leaves early for what it is', () => {
    const command = `"${process.execPath}" "${BIN}" errors | head -n 1; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('0');
  });
});

const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

describe('the witan program, interrupted', () => {
  const SIGNALS = [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const;
  /** Takes every connection and never answers. */
  let silent: Server;

  beforeAll(async () => {
    silent = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
    await once(silent, 'listening');
  });

  afterAll(() => silent.close());

  /** Waits for an answer for as long as nobody interrupts it. */
  const ask = async (node: readonly string[], ...args: string[]): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [...node, BIN, ...args, '--url', urlOf(silent), '--timeout', '60'], {
      stdio: 'ignore',
    });
    await once(silent, 'connection');
    return child;
  };

  test.each(SIGNALS)('by %s while a gateway does not answer, ends at once with %d', async (signal, code) => {
    for (const args of [['status'], ['dkg', 'watch'], ['chain', 'show']]) {
      const child = await ask([], ...args);
      child.kill(signal);
      expect([args, ...(await once(child, 'exit'))]).toEqual([args, code, null]);
    }
  });

  test.each(SIGNALS)('by %s under an older Node passes it on and says the same', async (signal, code) => {
    const child = await ask(OLDER_NODE, 'status');
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([code, null]);
  });

  test.each(['0.0005', '0.3011'])('by nobody: it waits for as long as it was told, %s s', async (seconds) => {
    for (const args of [['status'], ['dkg', 'watch']]) {
      const child = spawn(process.execPath, [BIN, ...args, '--url', urlOf(silent), '--timeout', seconds, '--json'], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
      expect([args, code, (JSON.parse(said) as { error: { code: string } }).error.code]).toEqual([
        args,
        CODES.WITAN_ERR_TIMEOUT.exit,
        'WITAN_ERR_TIMEOUT',
      ]);
    }
  });

  test('while it reads its standard input', async () => {
    const child = spawn(process.execPath, [BIN, 'verify', '-', '--genesis', 'a'.repeat(96)], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    child.stdin.on('error', () => {});
    // More than a pipe holds: written means that it reads.
    await new Promise((resolve) => child.stdin.write(Buffer.alloc(1024 * 1024), resolve));
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([130, null]);
  });
});
