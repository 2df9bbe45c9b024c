import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { nkeyOf } from '@witan/bus';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UsersDir } from '../src/index.ts';

const WANTED = { network: 'main', nodes: 2, gateways: 1, coordinators: 1 };
const NAME = 'cd'.repeat(32);

let folder: string;

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'witan-users-')), 'users');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const config = () => readFileSync(join(folder, 'users.conf'), 'utf8');
const seed = (user: string) => readFileSync(join(folder, `${user}.nk`), 'utf8').trim();

describe('the directory of users', () => {
  test('has a seed for each, that nobody else can read, and a configuration without any', () => {
    const users = new UsersDir(folder, WANTED).write();
    expect(users.map(({ name }) => name)).toEqual([
      'gateway-0',
      'dkg-coordinator-0',
      'node-0-elder',
      'node-0-adult',
      'node-1-elder',
      'node-1-adult',
      'operator',
      'streams',
    ]);
    for (const { name, nkey } of users) {
      expect(nkeyOf(seed(name))).toBe(nkey);
      expect(statSync(join(folder, `${name}.nk`)).mode & 0o777).toBe(0o600);
      expect(config()).toContain(nkey);
      expect(config()).toContain(`_INBOX.${nkey}.>`);
      expect(config()).not.toContain(seed(name));
    }
    expect(new Set(users.map(({ nkey }) => nkey)).size).toBe(users.length);
    expect(readdirSync(folder).filter((file) => file.endsWith('.draft'))).toEqual([]);
  });

  test('written again with more, keeps those that were there', () => {
    const before = new UsersDir(folder, WANTED).write();
    const after = new UsersDir(folder, { ...WANTED, nodes: 3 }).write();
    expect(after).toEqual(expect.arrayContaining([...before]));
    expect(after).toHaveLength(before.length + 2);
  });

  test('a key can be renewed, and only of a user that there is', () => {
    const users = new UsersDir(folder, WANTED);
    const before = users.write();
    users.renew('node-1-elder');
    const changed = users.write().filter(({ nkey }) => !before.some((each) => each.nkey === nkey));
    expect(changed.map(({ name }) => name)).toEqual(['node-1-elder']);
    expect(() => users.renew('../node-1-elder')).toThrow(/WITAN_ERR_CONFIG: there is no user/);
  });

  test('a node that is bound answers for its name alone', () => {
    const users = new UsersDir(folder, WANTED);
    users.write();
    expect(config().match(/"witan\.main\.node\.\*\.elder\.sign"/g)).toHaveLength(3);
    expect(users.bind(1, NAME)).toBe(true);
    expect(users.bind(1, NAME)).toBe(false);
    users.write();
    expect(config().match(/"witan\.main\.node\.\*\.elder\.sign"/g)).toHaveLength(2);
    expect(config().match(new RegExp(`"witan\\.main\\.node\\.${NAME}\\.elder\\.sign"`, 'g'))).toHaveLength(1);
    expect(() => users.bind(1, '*')).toThrow(/WITAN_ERR_CONFIG: node-1/);
  });

  test('a seed that is none, and a network that is none, are refused', () => {
    expect(() => new UsersDir(folder, { ...WANTED, network: '*' }).write()).toThrow(/WITAN_ERR_INVALID/);
    writeFileSync(join(folder, 'gateway-0.nk'), 'SUnone\n');
    expect(() => new UsersDir(folder, WANTED).write()).toThrow(/WITAN_ERR_CONFIG: the NKey seed/);
  });

  test('a folder that cannot be written to is an error of the disk', () => {
    const file = join(folder, '..', 'a file');
    writeFileSync(file, '');
    expect(() => new UsersDir(file, WANTED).write()).toThrow(/WITAN_ERR_STORE/);
    rmSync(file);
  });
});

describe('the command', () => {
  const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
  const run = async (...args: string[]) => {
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...args]);
      return { code: 0, stdout };
    } catch (error) {
      const { code, stderr } = error as { code: number; stderr: string };
      return { code, stderr };
    }
  };

  test('writes, binds, and tells public keys', async () => {
    const { code, stdout } = await run('--out', folder, '--nodes', '2', '--name', `node-0=${NAME}`);
    expect(code).toBe(0);
    expect(stdout).toContain(`node-0-elder ${nkeyOf(seed('node-0-elder'))}\n`);
    expect(config()).toContain(`"witan.local.node.${NAME}.elder.ae.dkg"`);
  });

  test('goes on with the network and the numbers that it began with; others have to be meant', async () => {
    await run('--out', folder, '--network', 'main', '--nodes', '3', '--coordinators', '2');
    const before = config();
    const key = seed('node-1-elder');
    expect((await run('--out', folder)).code).toBe(0);
    expect(config()).toBe(before);
    // As it is said for a key that somebody else may have: nobody else is shut out.
    expect((await run('--out', folder, '--renew', 'node-1-elder')).code).toBe(0);
    expect(config()).toBe(before.replaceAll(nkeyOf(key), nkeyOf(seed('node-1-elder'))));

    for (const [args, why] of [
      [['--network', 'other'], 'are of the network main, not other'],
      [['--nodes', '2'], 'has users for 3 nodes, not 2'],
      [['--coordinators', '1'], 'has users for 2 coordinators, not 1'],
    ] as const) {
      const kept = config();
      const { code, stderr } = await run('--out', folder, ...args);
      expect([code, stderr]).toEqual([78, expect.stringContaining(why)]);
      expect(config()).toBe(kept);
    }
    expect((await run('--out', folder, '--nodes', '4')).stdout).toContain('node-3-elder');
    expect((await run('--out', folder, '--nodes', '2', '--force')).stdout).not.toContain('node-2-elder');
    expect((await run('--out', folder)).stdout).not.toContain('node-2-elder');
  });

  test('guesses nothing about users that it has no record of', async () => {
    new UsersDir(folder, WANTED).write();
    const { code, stderr } = await run('--out', folder, '--nodes', '2');
    expect([code, stderr]).toEqual([78, expect.stringContaining('say --network and --nodes')]);
    expect((await run('--out', folder, '--network', 'main', '--nodes', '2')).code).toBe(0);
    writeFileSync(join(folder, 'plan.json'), '{}');
    expect((await run('--out', folder)).stderr).toMatch(/^WITAN_ERR_STORE: .*plan\.json/);
  });

  test.each([
    [[], '--out is missing'],
    [['--out', 'x', '--nodes', 'many'], '--nodes many: accepts a whole number'],
    [['--out', 'x', '--name', 'first=ab'], '--name first=ab: accepts node-N=NAME'],
    [['--out', 'x', '--deliver', 'x', '--owner', 'me'], '--owner me: accepts the number of a user'],
    [['--out', 'x', '--what'], "Unknown option '--what'"],
  ] as const)('%j is refused: %s', async (args, why) => {
    const { code, stderr } = await run(...args.map((arg) => (arg === 'x' ? folder : arg)));
    expect(code).toBe(78);
    expect(stderr).toMatch(/^WITAN_ERR_CONFIG: /);
    expect(stderr).toContain(why);
  });
});
