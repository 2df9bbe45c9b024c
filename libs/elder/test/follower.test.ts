import type { Identity } from '@witan/crypto';
import { MemoryJournal } from '@witan/journal';
import { VirtualClock } from '@witan/runtime';
import { DEFAULT_PARAMS, heartbeatBody, joinBody, openGenesis, SERVICES, type SectionReport } from '@witan/section';
import { decode, openEnvelope } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { Follower } from '../src/follower.ts';
import { Desk, genesisOf, identities, joinAfter, NETWORK, TAG } from './support.ts';

const [first, second, third] = identities(3) as [Identity, Identity, Identity];
const genesis = genesisOf(first);
const join = joinAfter(openGenesis(genesis, TAG, undefined), [second]);
const EVENTS = 'section.root.events';

function setUp({ identity = second, journal = new MemoryJournal() } = {}) {
  const clock = new VirtualClock();
  const desk = new Desk();
  const reports: SectionReport[] = [];
  const follower = new Follower({
    identity,
    network: NETWORK,
    prefix: '',
    genesisKey: undefined,
    journal,
    clock,
    transport: desk,
    wallClock: () => clock.now(),
    params: DEFAULT_PARAMS,
    observer: { section: (report) => void reports.push(report) },
  });
  const settle = () => clock.advance(1);
  follower.start();
  settle();
  return { follower, clock, desk, reports, journal, settle };
}

describe('a follower', () => {
  test('applies what is certified, once, and asks for what it has missed', () => {
    const { follower, desk, reports, settle, clock } = setUp();
    expect(desk.asked).toMatchObject([{ to: '', verb: 'ae.section' }]);
    desk.bring(EVENTS, join);
    settle();
    expect(follower.state.ledger).toBeUndefined();
    for (const raw of [genesis, genesis, join, join]) desk.bring(EVENTS, raw);
    settle();
    expect(follower.state.ledger).toMatchObject({ generation: 1 });
    expect([...follower.state.ledger!.members.keys()].sort()).toEqual([first.name, second.name].sort());
    const decided = reports.filter((report) => report.type === 'decided');
    expect(decided.map(({ source }) => source)).toEqual(['broadcast', 'broadcast']);
    expect(clock.pending).toBeGreaterThan(0);
  });

  test('believes nothing that the section has not signed', () => {
    const { follower, desk, reports, settle } = setUp();
    desk.bring(EVENTS, genesis);
    settle();
    const forged = new Uint8Array(join);
    forged[forged.length - 1]! ^= 1;
    for (const bad of [forged, new Uint8Array(0), new Uint8Array(500), join.slice(0, -1)]) desk.bring(EVENTS, bad);
    settle();
    expect(follower.state.ledger).toMatchObject({ generation: 0 });
    expect(reports.filter(({ type }) => type === 'rejected')).toHaveLength(4);
  });

  test('knows after a restart what it knew', () => {
    const { follower, desk, settle, journal } = setUp();
    for (const raw of [genesis, join]) desk.bring(EVENTS, raw);
    settle();
    const { head } = follower.state.ledger!;
    follower.stop();
    const { follower: next, reports } = setUp({ journal });
    expect(next.state.ledger).toMatchObject({ generation: 1, head });
    expect(reports[0]).toMatchObject({ type: 'ledger', recovered: true });
    expect(next.journalCheck).toEqual({ name: 'journal', ok: true, detail: 'running' });
  });

  test('killed, it has not forgotten a decision that it has told of', () => {
    const { desk, settle, journal, reports } = setUp();
    for (const raw of [genesis, join]) {
      desk.bring(EVENTS, raw);
      settle();
    }
    expect(reports.filter(({ type }) => type === 'decided')).toHaveLength(2);
    const next = setUp({ journal: journal.crash({ keepUnsynced: false }) });
    expect(next.follower.state.ledger).toMatchObject({ generation: 1 });
  });

  test('asks to join when there is a section, until it is a member', () => {
    const { follower, desk, settle } = setUp({ identity: third });
    const asked = () => desk.published.filter(({ topic }) => topic === 'section.root.join');
    follower.askToJoin();
    expect(asked()).toEqual([]);
    desk.bring(EVENTS, genesis);
    settle();
    follower.askToJoin();
    expect(asked()).toHaveLength(1);
    const { kind, author, body } = openEnvelope(asked()[0]!.bytes, TAG);
    expect([kind, author, decode(joinBody, body)]).toEqual(['joinRequest', third.name, { prefix: '' }]);
    desk.bring(EVENTS, joinAfter(follower.state.ledger!, [third]));
    settle();
    follower.askToJoin();
    expect(asked()).toHaveLength(1);
  });

  test('says as an adult that it lives, what it knows, and that it has no share', () => {
    const { follower, desk, settle } = setUp();
    const beats = () =>
      desk.published
        .filter(({ topic }) => topic === 'section.root.heartbeats')
        .map(({ bytes }) => decode(heartbeatBody, openEnvelope(bytes, TAG).body));
    follower.beat();
    desk.bring(EVENTS, genesis);
    settle();
    follower.beat();
    const service = SERVICES.indexOf('adult');
    expect(beats()).toMatchObject([
      { service, generation: undefined, key: undefined, usableShare: false },
      { service, generation: 0, usableShare: false },
    ]);
    expect(beats()[1]!.sequence).toBeGreaterThan(beats()[0]!.sequence);
    expect(beats()[1]!.key).toEqual(follower.state.ledger!.key);
  });

  test('is silent when it has been stopped', () => {
    const { follower, desk, clock, reports } = setUp();
    follower.stop();
    const [asked, told] = [desk.asked.length, reports.length];
    desk.bring(EVENTS, genesis);
    clock.advance(60_000);
    expect(follower.state.ledger).toBeUndefined();
    expect([desk.asked.length, reports.length]).toEqual([asked, told]);
  });
});
