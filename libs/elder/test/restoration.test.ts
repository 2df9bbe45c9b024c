import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type FileJournal, MemoryJournal } from '@witan/journal';
import { heartbeatBody, SERVICES } from '@witan/section';
import { encode, sealEnvelope } from '@witan/wire';
import { afterAll, describe, expect, test } from 'vitest';
import { newestBackupMs, takeBackup } from '../src/backup.ts';
import { openNodeHome } from '../src/index.ts';
import { markRestored, Restoration, unmarkRestored } from '../src/restoration.ts';
import { Desk, handOver, identities, sectionOf, startSession, TAG } from './support.ts';

const FRESH_MS = 1000;
const members = identities(5);
/** Four elders, three of whom decide. */
const ledger = handOver(startSession(sectionOf(members), members.slice(0, 4)));
const [self, ...others] = members;
const restorationOf = {
  identity: self!,
  transport: new Desk(),
  requestTimeoutMs: 600,
  take: () => {},
  networkTag: TAG,
  prefix: '',
  now: () => 0,
  freshMs: FRESH_MS,
};

interface Beat {
  readonly service?: (typeof SERVICES)[number];
  readonly sequence?: number;
  readonly prefix?: string;
}

function beat(
  of: number,
  generation: number | undefined,
  { service = 'elder', sequence = 1, prefix = '' }: Beat = {},
): Uint8Array {
  const body = { prefix, service: SERVICES.indexOf(service), generation, key: undefined, usableShare: false };
  return sealEnvelope(others[of]!, TAG, 'heartbeat', encode(heartbeatBody, { ...body, sequence })).raw;
}

function restored(journal = new MemoryJournal()) {
  let nowMs = 0;
  markRestored(journal);
  const make = () => new Restoration({ ...restorationOf, journal, now: () => nowMs });
  return { make, journal, pass: (ms: number) => (nowMs += ms) };
}

/** All that is heard comes just before the end of the time. */
function settledBy(heard: readonly Uint8Array[], isKnown = true): boolean {
  const known = isKnown ? ledger : undefined;
  const { make, pass } = restored();
  const restoration = make();
  pass(FRESH_MS - 1);
  for (const bytes of heard) restoration.heard(bytes, known);
  pass(1);
  return restoration.settle(known);
}

describe('the past of a restored node', () => {
  const { generation } = ledger;

  test('is everything, until as many others were heard as decide, of whom none is ahead', () => {
    const three = [0, 1, 2].map((each) => beat(each, generation));
    expect(settledBy(three)).toBe(true);
    expect(settledBy(three.slice(1))).toBe(false);
    expect(settledBy([...three, beat(3, generation + 1)])).toBe(false);
    expect(settledBy([...three.slice(1), beat(2, generation), beat(3, generation)])).toBe(false);
    expect(settledBy([...three.slice(1), beat(0, generation, { service: 'adult' })])).toBe(false);
    expect(settledBy([...three.slice(1), beat(0, undefined)])).toBe(false);
    expect(settledBy([...three.slice(1), beat(0, generation, { prefix: '1' })])).toBe(false);
    expect(settledBy(three, false)).toBe(false);
    const forged = three[0]!.slice();
    forged[forged.length - 1]! ^= 1;
    expect(settledBy([...three.slice(1), forged, new Uint8Array(9)])).toBe(false);
  });

  test('does not end before there was time to hear them, and not by what was heard long ago', () => {
    const { make, pass } = restored();
    const restoration = make();
    for (const each of [0, 1, 2]) restoration.heard(beat(each, generation), ledger);
    expect(restoration.settle(ledger)).toBe(false);
    pass(FRESH_MS);
    expect(restoration.settle(ledger)).toBe(false);
    expect(restoration.generation).toBe(Number.POSITIVE_INFINITY);
  });

  test('does not end by what is repeated of them, nor is it taken back so that one is ahead', () => {
    const three = [0, 1, 2].map((each) => beat(each, generation));
    const { make, pass } = restored();
    const restoration = make();
    for (const each of three) restoration.heard(each, ledger);
    pass(FRESH_MS);
    for (const each of three) restoration.heard(each, ledger);
    expect(restoration.settle(ledger)).toBe(false);
    const newer = beat(0, generation + 1, { sequence: 3 });
    expect(settledBy([...three.slice(1), newer, beat(0, generation, { sequence: 2 })])).toBe(false);
    expect(settledBy([...three.slice(1), newer, beat(0, generation, { sequence: 4 })])).toBe(true);
  });

  test('ends once: the next process knows', () => {
    const { make, pass, journal } = restored();
    const restoration = make();
    pass(FRESH_MS - 1);
    for (const each of [0, 1, 2]) restoration.heard(beat(each, generation), ledger);
    pass(1);
    expect([restoration.settle(ledger), restoration.settle(ledger)]).toEqual([true, false]);
    const next = make();
    expect([next.isPending, next.generation]).toEqual([false, generation]);
    markRestored(journal);
    expect(make().isPending).toBe(true);
    unmarkRestored(journal);
    expect(make().generation).toBe(-1);
  });
});

describe('a backup', () => {
  const directory = mkdtempSync(join(tmpdir(), 'witan-backup-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const key = new Uint8Array(32).fill(5);
  const random = (length: number) => new Uint8Array(length).fill(3);
  const dataDir = join(directory, 'node');
  const home = openNodeHome(dataDir, key, random);
  const journal = home.openElderJournal();
  journal.stream('section').append([new Uint8Array([1, 2, 3])], true);
  const backupDir = join(directory, 'backups');
  const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
  const back = (second: number) => takeBackup({ dataDir, journal, backupDir, keep: 2, now: at(second) });

  test('is taken while the journal is in use, for its owner alone, and says what it is', () => {
    const taken = back(1);
    journal.stream('section').append([new Uint8Array([4])], true);
    const copy = openNodeHome(taken, key, random);
    expect(copy.identity.name).toBe(home.identity.name);
    const opened = copy.openElderJournal();
    expect(opened.stream('section').read()).toEqual([new Uint8Array([1, 2, 3])]);
    expect(opened.verify().ok).toBe(true);
    expect(new Restoration({ ...restorationOf, journal: opened }).isPending).toBe(true);
    expect(new Restoration({ ...restorationOf, journal }).isPending).toBe(false);
    opened.close();
    const modes = readdirSync(taken).map((name) => [name, statSync(join(taken, name)).mode & 0o777]);
    expect(modes).toEqual([
      ['elder.db', 0o600],
      ['identity.sealed', 0o600],
    ]);
  });

  test('takes the place of the oldest, and of one that was not finished', () => {
    for (const second of [2, 3]) back(second);
    expect(readdirSync(backupDir)).toEqual(['20260101T000002000Z', '20260101T000003000Z']);
    // As one leaves it who is killed in the middle.
    const copyTo = (file: string) => {
      journal.copyTo(file);
      throw new Error('killed');
    };
    const cut = Object.create(journal, { copyTo: { value: copyTo } }) as FileJournal;
    expect(() => takeBackup({ dataDir, journal: cut, backupDir, keep: 2, now: at(4) })).toThrow('killed');
    expect(readdirSync(backupDir)).toHaveLength(3);
    expect(readdirSync(back(4))).toEqual(['elder.db', 'identity.sealed']);
    expect(readdirSync(backupDir)).toEqual(['20260101T000003000Z', '20260101T000004000Z']);
  });

  test('is the newest also when the clock went back, and old when it is', () => {
    const aheadMs = Date.now() + 3_600_000;
    const taken = takeBackup({ dataDir, journal, backupDir, keep: 2, now: new Date(aheadMs) });
    expect(newestBackupMs(backupDir, dataDir)).toBeLessThanOrEqual(Date.now());
    const next = takeBackup({ dataDir, journal, backupDir, keep: 1, now: at(6) });
    expect([next > taken, readdirSync(backupDir)]).toEqual([true, [basename(next)]]);
    utimesSync(next, at(0), at(0));
    expect(newestBackupMs(backupDir, dataDir)).toBe(at(0).getTime());
    rmSync(next, { recursive: true });
  });

  test('is not mixed with one that another node takes there at once, and then not put beside it', () => {
    const shared = join(directory, 'shared');
    const otherDir = join(directory, 'other');
    const otherHome = openNodeHome(otherDir, key, (length) => new Uint8Array(length).fill(4));
    const otherJournal = otherHome.openElderJournal();
    const others = (second: number) =>
      takeBackup({ dataDir: otherDir, journal: otherJournal, backupDir: shared, keep: 9, now: at(second) });
    let theirs = '';
    const copyTo = (file: string) => {
      theirs = others(1);
      journal.copyTo(file);
    };
    const slow = Object.create(journal, { copyTo: { value: copyTo } }) as FileJournal;
    const ours = takeBackup({ dataDir, journal: slow, backupDir: shared, keep: 9, now: at(2) });
    const nameIn = (taken: string) => openNodeHome(taken, key, random).identity.name;
    expect([nameIn(theirs), nameIn(ours)]).toEqual([otherHome.identity.name, home.identity.name]);
    expect(() => others(3)).toThrow(
      expect.objectContaining({ code: 'WITAN_ERR_CONFIG', detail: expect.stringContaining(shared) }),
    );
    expect(readdirSync(shared)).toEqual([theirs, ours].map((taken) => basename(taken)));
    expect(newestBackupMs(shared, otherDir)).toBeUndefined();
    expect(newestBackupMs(shared, dataDir)).toBe(at(2).getTime());
    otherJournal.close();
  });

  test('is taken also where the ones before were taken elsewhere, and those of another node stay', () => {
    const moved = join(directory, 'moved');
    const take = (second: number, keep = 1) =>
      basename(takeBackup({ dataDir, journal, backupDir: moved, keep, now: at(second) }));
    take(1, 9);
    // From a time when all had one directory.
    const theirs = '20250101T000000000Z';
    mkdirSync(join(moved, theirs));
    writeFileSync(join(moved, theirs, 'identity.sealed'), 'of another');
    const emptied = take(2, 9);
    for (const file of readdirSync(join(moved, emptied))) rmSync(join(moved, emptied, file));
    const cut = take(3, 9);
    writeFileSync(join(moved, cut, 'identity.sealed'), '');
    expect(newestBackupMs(moved, dataDir)).toBe(at(1).getTime());
    const last = take(4);
    expect(readdirSync(moved)).toEqual([theirs, last]);
    expect(newestBackupMs(moved, dataDir)).toBe(at(4).getTime());
  });

  test('is the state as it was where the operator says so, and a copy of another kind is one where he does', () => {
    const taken = back(5);
    const pending = () => {
      const opened = openNodeHome(taken, key, random).openElderJournal();
      const { isPending } = new Restoration({ ...restorationOf, journal: opened });
      opened.close();
      return isPending;
    };
    writeFileSync(join(taken, 'as-it-was'), '');
    expect([pending(), pending()]).toEqual([false, false]);
    writeFileSync(join(taken, 'restored'), '');
    expect([pending(), pending()]).toEqual([true, true]);
    expect(readdirSync(taken)).toEqual(['elder.db', 'identity.sealed']);
  });
});
