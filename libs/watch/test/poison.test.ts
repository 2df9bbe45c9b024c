import { type Bus, MemoryHub, subjects } from '@witan/bus';
import { Identity, sha256, Vault } from '@witan/crypto';
import * as dkg from '@witan/dkg';
import { busTransport, Elder } from '@witan/elder';
import { MemoryJournal } from '@witan/journal';
import { actorObserver, createLogger, RecordingMeter } from '@witan/observability';
import { type Machine, VirtualClock } from '@witan/runtime';
import * as section from '@witan/section';
import { encode, networkTag, sealEnvelope } from '@witan/wire';
import { expect, test } from 'vitest';
import { watchElder, watchSessions } from '../src/index.ts';

const NETWORK = 'poison';
const POISON = 'a message that finds a defect';
const utf8 = (text: string) => new Uint8Array(Buffer.from(text));
const subject = subjects(NETWORK);

/** A DKG as it is, but for one message that its code cannot take. */
function defective(): Machine<dkg.State, dkg.Event> {
  const sound = dkg.dkgMachine();
  return {
    ...sound,
    step: (state, event) => {
      if (event.type === 'received' && Buffer.from(event.bytes).toString() === POISON) throw new TypeError('a defect');
      return sound.step(state, event);
    },
  };
}

/** Two elders as their services put them together, over a bus and a clock in memory; the code of the first is defective. */
function sectionOfTwo() {
  const clock = new VirtualClock();
  const hub = new MemoryHub({ scheduler: clock });
  const nodes = ['first', 'second'].map((seed, index) => elderOn(hub, clock, seed, index));
  const [first, second] = nodes as [Watched, Watched];
  for (const { elder } of nodes) elder.start();
  const askToJoin = () => {
    const body = encode(section.joinBody, { prefix: '' });
    second.bus.publish(subject.join(''), sealEnvelope(second.identity, networkTag(NETWORK), 'joinRequest', body).raw);
    if (!second.elder.state.ledger?.members.has(second.identity.name)) clock.setTimer(1000, askToJoin);
  };
  askToJoin();
  const until = (what: string, holds: () => boolean) => {
    const end = clock.now() + 60_000;
    while (!holds()) {
      if (clock.now() > end || !clock.step()) throw new Error(`it did not come to this: ${what}`);
    }
  };
  return { clock, hub, first, second, until };
}

type Watched = ReturnType<typeof elderOn>;

function elderOn(hub: MemoryHub, clock: VirtualClock, seed: string, index: number) {
  const identity = Identity.fromSeed(sha256(utf8(seed)));
  const bus: Bus = hub.connect(seed, { echo: false });
  const meter = new RecordingMeter();
  const lines: Record<string, unknown>[] = [];
  const log = createLogger({ service: 'elder', write: (line) => void lines.push(JSON.parse(line)) });
  const wallClock = () => Date.UTC(2026, 0, 1) + clock.now();
  const sessions = watchSessions({ meter, log, node: identity.name, wallClock });
  let drawn = 0;
  const random = (length: number) => {
    const blocks = Array.from({ length: Math.ceil(length / 32) }, () => sha256(utf8(`${seed} ${drawn++}`)));
    return new Uint8Array(Buffer.concat(blocks).subarray(0, length));
  };
  const elder: Elder = new Elder({
    identity,
    network: NETWORK,
    prefix: '',
    genesis: index === 0 ? 'create' : 'join',
    genesisKey: undefined,
    journal: new MemoryJournal(),
    sealer: new Vault(sha256(utf8('sealing key')), random),
    clock,
    transport: busTransport({ bus, network: NETWORK, prefix: '', name: identity.name, service: 'elder' }),
    wallClock,
    random,
    ...(index === 0 ? { dkgMachine: defective() } : {}),
    params: { section: section.DEFAULT_PARAMS, dkg: dkg.DEFAULT_PARAMS, heartbeatMs: 1000 },
    observer: {
      ...watchElder({ meter, log, elder: () => elder, clock }),
      dkg: sessions.onReport,
      sending: sessions.sending,
      superseded: sessions.onSuperseded,
      badMessage: sessions.onBadMessage,
      actor: actorObserver(meter, ['section', 'dkg']),
    },
  });
  sessions.watch(
    () => elder.sessions.all,
    () => clock.now(),
    2000,
  );
  const session = () => [...elder.sessions.all.values()][0];
  const journalCheck = () => elder.checks().find(({ name }) => name === 'journal');
  return { identity, bus, meter, lines, elder, session, journalCheck };
}

const poisoned = ({ meter }: Watched) => ({
  poison: meter.value('witan_actor_poison_messages_total', { actor: 'dkg' }),
  crashes: meter.value('witan_actor_crashes_total', { actor: 'dkg' }),
});

test('a message that an elder’s code throws at is set aside, counted and told once, and its session goes on to the end', () => {
  const { hub, first, second, until } = sectionOfTwo();
  until('Contribution has begun', () => first.session()?.state.phase === dkg.Phase.Contribution);
  const { id } = first.session()!.session;
  hub.connect('attacker').publish(subject.dkg('', id), utf8(POISON));
  until('the machine has thrown', () => poisoned(first).crashes === 1);
  until('both hold a share of the new key', () =>
    [first, second].every(({ elder }) => elder.state.ledger?.elders.length === 2 && section.currentShare(elder.state)),
  );
  expect(first.elder.state.ledger?.origin?.id).toBe(id);
  expect(first.elder.state.ledger?.key).toEqual(second.elder.state.ledger?.key);
  expect(poisoned(first)).toEqual({ poison: 1, crashes: 1 });
  expect(first.lines.filter(({ level }) => level === 'error')).toEqual([
    expect.objectContaining({
      event: 'crash',
      actor: 'dkg',
      session: id,
      err: expect.objectContaining({ code: 'WITAN_ERR_INTERNAL', detail: 'a defect' }),
    }),
  ]);
  expect(first.journalCheck()).toMatchObject({ ok: true, detail: 'running' });
  // To sound code it is a message like any other that cannot be read.
  expect(poisoned(second)).toEqual({ poison: undefined, crashes: undefined });
  expect(second.meter.value('witan_messages_rejected_total', { channel: 'dkg', reason: 'malformed' })).toBe(1);
});

test('many of them pause the actor and nothing else, the readiness probe says so, and it goes on by itself', () => {
  const { clock, hub, first, second, until } = sectionOfTwo();
  until('both hold a share of the new key', () =>
    [first, second].every(({ elder }) => elder.state.ledger?.elders.length === 2 && section.currentShare(elder.state)),
  );
  const attacker = hub.connect('attacker');
  const topic = subject.dkg('', first.session()!.session.id);
  for (let i = 0; i < 5; i++) attacker.publish(topic, utf8(POISON));
  until('the actor pauses', () => first.journalCheck()?.detail === 'crash-loop');
  expect(first.journalCheck()).toMatchObject({ ok: false });
  expect(poisoned(first)).toEqual({ poison: 5, crashes: 5 });
  const { generation } = first.elder.state.ledger!;
  until('it goes on', () => first.journalCheck()?.ok === true);
  expect(first.session()!.state.outcome?.key).toEqual(first.elder.state.ledger?.key);
  clock.advance(5000);
  expect(poisoned(first)).toEqual({ poison: 5, crashes: 5 });
  expect(first.elder.state.ledger?.generation).toBe(generation);
});
