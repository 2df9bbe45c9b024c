import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';

/** What runs on a bare Node 20 is plain JavaScript, without types. */
interface Install {
  findProgram(names: readonly string[]): string | undefined;
  installDependencies(say: (line: string) => void): Promise<void>;
  missingDependencies(): string | undefined;
  pinnedNode(): string;
}

const url = new URL('../install.mjs', import.meta.url).href;
const install = (await import(url)) as Install;

describe('what npm start and npm test install', () => {
  test('is nothing when everything is there', async () => {
    const said: string[] = [];
    expect(install.missingDependencies()).toBeUndefined();
    await install.installDependencies((line) => said.push(line));
    expect(said).toEqual([]);
  });

  test('brings a Node that runs TypeScript as it is', () => {
    const version = execFileSync(install.pinnedNode(), ['--version'], { encoding: 'utf8' });
    expect(Number(/^v(\d+)/.exec(version)![1])).toBeGreaterThanOrEqual(24);
  });

  test('looks for programs on the PATH and beside it', () => {
    expect(install.findProgram(['no-such-program', 'sh'])).toMatch(/\/sh$/);
    expect(install.findProgram(['no-such-program'])).toBeUndefined();
    const path = process.env.PATH;
    try {
      process.env.PATH = '';
      expect(install.findProgram(['env'])).toBe('/usr/bin/env');
    } finally {
      process.env.PATH = path;
    }
  });
});
