import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const BIN = fileURLToPath(new URL('../bin/witan.mjs', import.meta.url));

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
