import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { witan } from './stand-in.ts';

/** Says so where there is no such shell. */
const lacks = (shell: string): boolean => {
  const works = spawnSync(shell, ['--version']).status === 0;
  if (!works) console.error(`NOT RUN, completion for ${shell}: it is missing: apt-get install ${shell}`);
  return !works;
};
const script = async (shell: string) => (await witan(['completion', shell])).out;

describe.skipIf(lacks('bash'))('completion for bash', () => {
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

describe.skipIf(lacks('zsh'))('completion for zsh', () => {
  /** What the function gives to zsh after these words, with what stands for it; `FILES` where it asks for files. */
  const complete = async (...words: string[]): Promise<string[]> => {
    const ask = `
      compdef() { : }
      _describe() { print -l -- \${(P)2} }
      _files() { print FILES }
      ${await script('zsh')}
      words=(${words.map((word) => `'${word}'`).join(' ')}); CURRENT=${words.length}
      _witan`;
    return execFileSync('zsh', ['-f', '-c', ask], { encoding: 'utf8' }).trim().split('\n');
  };
  const offered = async (...words: string[]) => (await complete(...words)).map((line) => line.split(':')[0]);

  test('offers the commands, each with what it does', async () => {
    expect(await offered('witan', '')).toEqual(expect.arrayContaining(['status', 'nodes', 'chain', 'dkg', '--json']));
    expect(await complete('witan', '')).toContain('nodes:The nodes of the network, or one of them');
  });

  test('offers what a command has', async () => {
    expect(await offered('witan', 'dkg', '')).toEqual(expect.arrayContaining(['list', 'show', 'watch', '--url']));
    expect(await offered('witan', '--json', 'dkg', 'list', '--st')).toEqual(expect.arrayContaining(['--state']));
    expect(await offered('witan', '--json', 'chain', '')).not.toContain('watch');
  });

  test('offers files where a file belongs', async () => {
    expect(await complete('witan', 'verify', '')).toContain('FILES');
    expect(await complete('witan', 'status', '')).not.toContain('FILES');
  });
});

describe.skipIf(lacks('fish'))('completion for fish', () => {
  /** What fish offers for this line. */
  const complete = async (line: string): Promise<string[]> => {
    const { stdout, stderr } = spawnSync('fish', ['-c', `${await script('fish')}\ncomplete -C '${line}'`], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    return stdout.trim().split('\n');
  };
  const offered = async (line: string) => (await complete(line)).map((each) => each.split('\t')[0]);

  test('offers the commands, each with what it does', async () => {
    expect(await offered('witan ')).toEqual(
      expect.arrayContaining(['status', 'nodes', 'chain', 'dkg', 'attest', 'verify', 'errors', 'completion']),
    );
    expect(await complete('witan no')).toEqual(['nodes\tThe nodes of the network, or one of them']);
    expect(await offered('witan --js')).toEqual(['--json']);
  });

  test('offers what a command has', async () => {
    expect(await offered('witan dkg ')).toEqual(['list', 'show', 'watch']);
    expect(await offered('witan --json dkg w')).toEqual(['watch']);
    expect(await offered('witan dkg list --st')).toEqual(['--state']);
    expect(await offered('witan completion z')).toEqual(['zsh']);
    expect(await offered('witan dkg show ')).toEqual(['']);
  });

  test('offers files where a file belongs', async () => {
    expect(await offered('witan verify package.js')).toEqual(['package.json']);
    expect(await offered('witan status package.js')).toEqual(['']);
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
