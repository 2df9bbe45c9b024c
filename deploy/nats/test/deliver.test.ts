import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { deliver, UsersDir } from '../src/index.ts';

const WANTED = { network: 'main', nodes: 2, gateways: 1, coordinators: 1 };
const SERVICES = ['gateway-0', 'dkg-coordinator-0', 'node-0-elder', 'node-0-adult', 'node-1-elder', 'node-1-adult'];
const DAY_MS = 86_400_000;
const NOW_MS = Date.parse('2026-11-22T00:00:00Z');

let root: string;
let users: UsersDir;
let folder: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'witan-deliver-'));
  users = new UsersDir(join(root, 'users'), WANTED);
  folder = join(root, 'folders');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

const run = (nowMs = NOW_MS) => deliver(users, { folder, owner: undefined }, nowMs);
const read = (name: string, file: string) => readFileSync(join(folder, name, file), 'utf8');
const certificate = (name: string) => new X509Certificate(read(name, 'tls.pem'));
/** All that is in the folders, by path. */
const everything = () =>
  Object.fromEntries(
    readdirSync(folder).flatMap((name) =>
      readdirSync(join(folder, name)).map((file) => [`${name}/${file}`, read(name, file)] as const),
    ),
  );

describe('what is delivered', () => {
  test('is to each service its own and nothing else', () => {
    run();
    const own = ['ca.pem', 'nats.nk', 'tls.key', 'tls.pem'];
    for (const name of SERVICES) {
      const more = name.startsWith('node-') ? ['sealing.key'] : [];
      expect(readdirSync(join(folder, name)).sort()).toEqual([...own, ...more].sort());
      expect(read(name, 'nats.nk')).toBe(readFileSync(users.seedFile(name), 'utf8'));
    }
    expect(readdirSync(join(folder, 'nats')).sort()).toEqual(['ca.pem', 'tls.key', 'tls.pem', 'users.conf']);
    expect(readdirSync(join(folder, 'trust'))).toEqual(['ca.pem']);
  });

  test('shows no secret of one to another, but the sealing key to both services of a node', () => {
    run();
    const holders = new Map<string, string[]>();
    for (const [path, content] of Object.entries(everything())) {
      if (/(nk|key)$/.test(path)) holders.set(content, [...(holders.get(content) ?? []), path]);
    }
    const shared = [...holders.values()].filter((paths) => paths.length > 1);
    expect(shared).toEqual(
      ['node-0', 'node-1'].map((node) => [`${node}-adult/sealing.key`, `${node}-elder/sealing.key`]),
    );
    expect(holders.keys()).not.toContain(readFileSync(join(users.path, 'ca.key'), 'utf8'));
    for (const [path, content] of Object.entries(everything())) {
      if (/(pem|conf)$/.test(path)) expect(content).not.toMatch(/PRIVATE|SU[A-Z2-7]{56}/);
      const mode = statSync(join(folder, path)).mode & 0o777;
      expect([path, mode]).toEqual([path, /(nk|key)$/.test(path) ? 0o400 : 0o444]);
    }
  });

  test('has certificates of one authority, each with its key and for its name', () => {
    run();
    const ca = new X509Certificate(read('trust', 'ca.pem'));
    expect(ca.ca).toBe(true);
    for (const name of [...SERVICES, 'nats']) {
      expect(read(name, 'ca.pem')).toBe(read('trust', 'ca.pem'));
      const own = certificate(name);
      expect([own.checkIssued(ca), own.verify(ca.publicKey), own.ca]).toEqual([true, true, false]);
      expect(own.checkPrivateKey(createPrivateKey(read(name, 'tls.key')))).toBe(true);
      expect([own.checkHost(name), own.checkHost('localhost'), own.checkIP('127.0.0.1')]).toEqual([
        name,
        'localhost',
        '127.0.0.1',
      ]);
      expect(own.checkHost(name === 'nats' ? 'gateway-0' : 'nats')).toBeUndefined();
      expect(Date.parse(own.validTo) - NOW_MS).toBe(365 * DAY_MS);
    }
  });

  test('stays as it is, until half the time of a certificate is over: then that is new', () => {
    run();
    const before = everything();
    run(NOW_MS + 180 * DAY_MS);
    expect(everything()).toEqual(before);
    const laterMs = NOW_MS + 190 * DAY_MS;
    run(laterMs);
    const after = everything();
    const changed = Object.keys(before).filter((path) => after[path] !== before[path]);
    expect(changed.sort()).toEqual(
      [...SERVICES, 'nats', 'operator'].flatMap((name) => [`${name}/tls.key`, `${name}/tls.pem`]).sort(),
    );
    expect(certificate('nats').verify(new X509Certificate(read('trust', 'ca.pem')).publicKey)).toBe(true);
    expect(Date.parse(certificate('nats').validTo) - laterMs).toBe(365 * DAY_MS);
  });

  test('has certificates of the authority that there is, and keys of the users that there are', () => {
    run();
    rmSync(join(users.path, 'ca.pem'));
    users.renew('node-1-elder');
    const before = everything();
    run();
    for (const name of [...SERVICES, 'nats']) {
      expect(certificate(name).verify(new X509Certificate(read('trust', 'ca.pem')).publicKey)).toBe(true);
    }
    const isChanged = (name: string) => read(name, 'nats.nk') !== before[`${name}/nats.nk`];
    expect(SERVICES.filter(isChanged)).toEqual(['node-1-elder']);
  });
});
