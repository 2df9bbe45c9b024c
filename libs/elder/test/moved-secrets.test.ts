import { type Identity, scalarToBytes } from '@witan/crypto';
import { DEFAULT_PARAMS as DKG_PARAMS, forms as dkgForms } from '@witan/dkg';
import { errorCode } from '@witan/errors';
import { MemoryJournal } from '@witan/journal';
import { VirtualClock } from '@witan/runtime';
import { currentShare, DEFAULT_PARAMS, forms } from '@witan/section';
import { describe, expect, test } from 'vitest';
import { Elder } from '../src/index.ts';
import { Desk, identities, NETWORK, sectionOf, sessionsOf, startSession, VAULT } from './support.ts';

const [first, second, third] = identities(3) as [Identity, Identity, Identity];
const CLEAR = 0;
const SEALED = 1;

function refusalOf(act: () => void): string {
  try {
    act();
    return 'taken';
  } catch (error) {
    return errorCode(error);
  }
}

/** Started and run until it has nothing to do. */
function elderOf(identity: Identity, journal: MemoryJournal): Elder {
  const clock = new VirtualClock();
  const elder = new Elder({
    identity,
    network: NETWORK,
    prefix: '',
    genesis: 'create',
    genesisKey: undefined,
    journal,
    sealer: VAULT,
    clock,
    transport: new Desk(),
    wallClock: () => 0,
    random: (length) => new Uint8Array(length).fill(7),
    params: { section: DEFAULT_PARAMS, dkg: DKG_PARAMS, heartbeatMs: 1000 },
    observer: {},
  });
  elder.start();
  clock.advance(1);
  elder.stop();
  return elder;
}

test('who reads a disk without any key reads decisions, and no share', () => {
  const journal = new MemoryJournal();
  const share = scalarToBytes(currentShare(elderOf(first, journal).state)!);
  const stored = journal.stream('section').read();
  const [clear, sealed] = [CLEAR, SEALED].map((kind) => stored.filter(([tag]) => tag === kind));
  const facts = clear!.map((record) => forms.decodeFact(record.subarray(1)));
  expect(facts.map(({ type }) => type)).toContain('decided');
  expect(facts.map(({ type }) => type)).not.toContain('share');
  expect(sealed).toHaveLength(1);
  for (const record of stored) expect(Buffer.from(record).includes(Buffer.from(share))).toBe(false);
});

describe('who can write to the disks of two nodes with the same sealing key', () => {
  test('cannot give one the other’s share of the section key', () => {
    const journal = new MemoryJournal();
    const share = currentShare(elderOf(first, journal).state);
    expect(share).toBeDefined();
    expect(
      journal
        .stream('section')
        .read()
        .map(([tag]) => tag),
    ).toContain(SEALED);
    expect(currentShare(elderOf(first, journal).state)).toBe(share);
    expect(refusalOf(() => elderOf(second, journal))).toBe('WITAN_ERR_JOURNAL_CORRUPT');
  });

  test('cannot give it one of their own making, unsealed', () => {
    const journal = new MemoryJournal();
    const { ledger } = elderOf(first, journal).state;
    const { record } = forms.encodeFact({ type: 'share', key: ledger!.key, share: new Uint8Array(32).fill(1) });
    const stream = journal.stream('section');
    const forged = new Uint8Array([CLEAR, ...record]);
    const isSealed = ([tag]: Uint8Array) => tag === SEALED;
    const stored = stream.read();
    expect(stored.filter(isSealed)).toHaveLength(1);
    stream.replace(stored.map((each) => (isSealed(each) ? forged : each)));
    expect(refusalOf(() => elderOf(first, journal))).toBe('WITAN_ERR_JOURNAL_CORRUPT');
  });

  test('cannot give a session a seed of their own making, unsealed', () => {
    const ledger = startSession(sectionOf([first, second, third]), [first, second, third]);
    const { certified, id } = ledger.pending!;
    const fact = { type: 'started', start: certified.bytes, seed: new Uint8Array(32).fill(1) } as const;
    const journal = new MemoryJournal();
    journal.stream(`dkg/${id}`).append([new Uint8Array([CLEAR, ...dkgForms.encodeFact(fact).record])], true);
    const follow = () => sessionsOf(second, 'elder', journal).sessions.follow(ledger);
    expect(refusalOf(follow)).toBe('WITAN_ERR_JOURNAL_CORRUPT');
  });

  test('cannot give one the other’s seed of a session, nor one of another session of its own', () => {
    const ledger = sectionOf([first, second, third]);
    const [pending, again] = [0, 1].map((attempt) => startSession(ledger, [first, second, third], attempt));
    const streamOf = ({ pending: started }: typeof ledger) => `dkg/${started!.id}`;
    const { sessions, clock, journal } = sessionsOf(second);
    sessions.follow(pending!);
    clock.advance(1);
    sessions.stop();
    const stream = journal.stream(streamOf(pending!));
    expect(stream.read().map(([tag]) => tag)).toContain(SEALED);
    const follow = (identity: Identity, session = pending!) =>
      refusalOf(() => sessionsOf(identity, 'elder', journal).sessions.follow(session));
    expect(follow(second)).toBe('taken');
    expect(follow(third)).toBe('WITAN_ERR_JOURNAL_CORRUPT');
    journal.stream(streamOf(again!)).append(stream.read(), true);
    expect(follow(second, again!)).toBe('WITAN_ERR_JOURNAL_CORRUPT');
  });
});
