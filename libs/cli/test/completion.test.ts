import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { witan } from './stand-in.ts';

const has = (shell: string) => spawnSync(shell, ['--version']).status === 0;
const script = async (shell: string) => (await witan(['completion', shell])).out;

describe.skipIf(!has('bash'))('completion for bash', () => {
  /** What bash offers after these words, the last one unfinished. */
  const complete = async (...words: string[]): Promise<string[]> => {
    const ask = `
      COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
      _witan; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', (await script('bash')) + ask], { encoding: 'utf8' })
      .trim()
      .split('\n');
  };

  test('offers the commands', async () => {
    const offered = await complete('witan', '');
    expect(offered).toEqual(expect.arrayContaining(['status', 'nodes', 'chain', 'dkg', 'attest', 'verify', '--json']));
    expect(await complete('witan', 'no')).toEqual(['nodes']);
  });

  test('offers what a command has', async () => {
    expect(await complete('witan', 'dkg', 'w')).toEqual(['watch']);
    expect(await complete('witan', 'dkg', 'list', '--st')).toEqual(['--state']);
    expect(await complete('witan', 'completion', 'z')).toEqual(['zsh']);
    expect(await complete('witan', '--json', 'chain', 's')).toEqual(['show']);
  });

  test('offers files where a file belongs', async () => {
    expect(await complete('witan', 'verify', 'package.js')).toEqual(['package.json']);
    expect(await complete('witan', 'status', 'package.js')).toEqual(['']);
  });
});

describe.skipIf(!has('zsh'))('completion for zsh', () => {
  test('is valid', async () => {
    expect(execFileSync('zsh', ['-n', '-c', await script('zsh')], { encoding: 'utf8' })).toBe('');
  });
});

describe.skipIf(!has('fish'))('completion for fish', () => {
  test('offers what a command has', async () => {
    const ask = `${await script('fish')}\ncomplete -C 'witan dkg w'`;
    expect(execFileSync('fish', ['-c', ask], { encoding: 'utf8' })).toContain('watch');
  });
});

describe('completion for any shell', () => {
  test.each(['bash', 'zsh', 'fish'])('%s knows every command', async (shell) => {
    const text = await script(shell);
    for (const word of ['status', 'nodes', 'chain', 'dkg', 'attest', 'verify', 'errors', 'completion', 'watch']) {
      expect(text).toContain(word);
    }
  });

  test('an unknown shell is refused', async () => {
    const { code, err } = await witan(['completion', 'tcsh']);
    expect(code).toBe(2);
    expect(err).toContain('Allowed choices are bash, zsh, fish');
  });
});
