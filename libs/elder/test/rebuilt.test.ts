import type { Identity } from '@witan/crypto';
import { DEFAULT_PARAMS as DKG_PARAMS, dkgMachine } from '@witan/dkg';
import { MemoryJournal } from '@witan/journal';
import { VirtualClock } from '@witan/runtime';
import { currentShare, DEFAULT_PARAMS, joinBody, type Ledger, votingShare } from '@witan/section';
import { encode, sealEnvelope } from '@witan/wire';
import { expect, test } from 'vitest';
import { Elder } from '../src/elder.ts';
import { markRestored } from '../src/restoration.ts';
import { Desk, handOver, identities, NETWORK, sectionOf, startSession, TAG, VAULT } from './support.ts';

const [me, stranger] = identities(2) as [Identity, Identity];
const HEARTBEAT_MS = 100;

/** The only elder of its section, whose decisions a test brings it. */
function elderOf(journal: MemoryJournal, machine = dkgMachine()) {
  const clock = new VirtualClock();
  const desk = new Desk();
  const troubles: string[] = [];
  const elder = new Elder({
    identity: me,
    network: NETWORK,
    prefix: '',
    genesis: 'join',
    genesisKey: undefined,
    journal,
    sealer: VAULT,
    clock,
    transport: desk,
    wallClock: () => 1_700_000_000_000 + clock.now(),
    dkgMachine: machine,
    random: (length) => new Uint8Array(length).fill(7),
    params: { section: DEFAULT_PARAMS, dkg: DKG_PARAMS, heartbeatMs: HEARTBEAT_MS },
    observer: { trouble: (what, _error, actor) => void troubles.push(`${what} ${actor}`) },
  });
  const decided = ({ decisions }: Ledger) => {
    for (const raw of decisions) desk.bring('section.root.events', raw);
    clock.advance(1);
  };
  return { elder, clock, desk, troubles, decided };
}

test('an elder that was put back votes with a later key, also when its disk has refused once', () => {
  const journal = new MemoryJournal();
  markRestored(journal);
  const { elder, clock, desk, troubles, decided } = elderOf(journal);
  elder.start();
  const genesis = sectionOf([me]);
  decided(genesis);
  clock.advance(10 * HEARTBEAT_MS);
  expect(elder.isBeingRestored).toBe(false);

  const started = startSession(genesis, [me]);
  decided(started);
  decided(handOver(started, [...elder.sessions.all.values()][0]!.state.outcome));
  expect(votingShare(elder.state)).toBe(currentShare(elder.state));
  expect(currentShare(elder.state)).toBeDefined();

  const request = sealEnvelope(stranger, TAG, 'joinRequest', encode(joinBody, { prefix: '' })).raw;
  journal.failure = 'WITAN_ERR_STORE_FULL';
  desk.bring('section.root.join', request);
  clock.advance(1);
  expect(troubles).toEqual(['store section']);
  journal.failure = undefined;
  clock.advance(1_000);
  expect(votingShare(elder.state)).toBeDefined();
  expect(elder.state.ledger!.members.has(stranger.name)).toBe(true);
});

test('a session that cannot be resumed keeps neither its elder from starting nor the section from leaving it behind', () => {
  const journal = new MemoryJournal();
  const before = elderOf(journal);
  before.elder.start();
  const started = startSession(sectionOf([me, stranger]), [me, stranger]);
  before.decided(started);
  before.elder.stop();

  const sound = dkgMachine();
  const { id } = started.pending!;
  const { elder, troubles, decided } = elderOf(journal, {
    ...sound,
    resume: (state, at) => {
      if (state.session.id === id) throw new Error('a defect');
      return sound.resume(state, at);
    },
  });
  elder.start();
  expect(troubles).toEqual([`crash dkg/${id}`]);
  const again = startSession(started, [me, stranger], 1);
  decided(again);
  expect([...elder.sessions.all.keys()]).toEqual([again.pending!.id]);
  expect([...elder.sessions.all.values()][0]!.state.started).toBe(true);
  expect(elder.checks()).toContainEqual({ name: 'journal', ok: true, detail: 'running' });
  elder.stop();
});
