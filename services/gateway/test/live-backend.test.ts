import { EVENTS, formErrors, type WitanEvent } from '@witan/api';
import { certificateMessage, verifyBundle, verifyChainJson } from '@witan/chain';
import { fromHex, Identity, setDecodeCache, setVerificationCache, sha256, toHex, verifySignature } from '@witan/crypto';
import { decodeReports, encodeReports, openSession } from '@witan/dkg';
import { NETWORK, NETWORK_TAG, type Packet, type SimNode, World } from '@witan/simulator';
import { openEnvelope, sealEnvelope } from '@witan/wire';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AttestationResult, LiveBackend } from '../src/backend-live/live-backend.ts';

const NODES = 4;
const EPOCH_MS = 1_700_000_000_000;
const PATIENCE_MS = 60_000;

// All nodes of a section run in one process and verify the same bytes.
beforeAll(() => {
  setDecodeCache(8192);
  setVerificationCache(8192);
});
afterAll(() => {
  setDecodeCache(0);
  setVerificationCache(0);
});

interface Gateway {
  readonly backend: LiveBackend;
  readonly name: string;
  /** What it believes of its own connection. */
  readonly link: { isUp: boolean };
  readonly events: WitanEvent[];
  readonly refused: string[];
  readonly attested: AttestationResult[];
}

/** A gateway before a section in virtual time, from now on. */
function gatewayOf(world: World, name: string, clockOffsetMs = 0): Gateway {
  const identity = Identity.fromSeed(sha256(new Uint8Array(Buffer.from(name))));
  const refused: string[] = [];
  const attested: AttestationResult[] = [];
  const link = { isUp: true };
  const backend = new LiveBackend({
    network: NETWORK,
    prefix: '',
    genesisKey: undefined,
    identity,
    transport: world.network.attach(identity.name),
    clock: world.clock,
    wallClock: () => EPOCH_MS + clockOffsetMs + world.clock.now(),
    connected: () => link.isUp,
    onRejected: (channel, error) => void refused.push(`${channel} ${(error as { code: string }).code}`),
    onAttested: (result) => void attested.push(result),
  });
  const events: WitanEvent[] = [];
  backend.events.subscribe(undefined, (event) => void events.push(event));
  backend.start();
  return { backend, name: identity.name, link, events, refused, attested };
}

const elders = (world: World) => world.nodes[0]!.elder?.state.ledger?.elders.length ?? 0;

/** Three nodes that have made a key, and a fourth that has not started, before a gateway that sees them. */
function begin() {
  const world = new World({ seed: 5, nodes: NODES, policy: { elderCount: NODES } });
  const [newcomer, ...first] = world.nodes.toReversed();
  const until = (count: number) => {
    if (!world.run(PATIENCE_MS, () => elders(world) === count)) throw new Error(`no key of ${count} was made`);
    world.run(2000);
  };
  for (const node of first) world.start(node);
  until(NODES - 1);
  const gateway = gatewayOf(world, 'early');
  world.run(2000);
  return { world, newcomer: newcomer!, until, ...gateway };
}

/** All four of them are elders. */
function setUp() {
  const { world, newcomer, until, ...gateway } = begin();
  world.start(newcomer);
  until(NODES);
  return { world, newcomer, ...gateway };
}

/** Runs the world until the promise is settled, since nothing else makes its time pass. */
async function meanwhile<T>(world: World, promise: Promise<T>): Promise<T> {
  let settled = false;
  const end = () => {
    settled = true;
  };
  promise.then(end, end);
  for (let step = 0; step < 1000 && !settled; step++) {
    world.run(100);
    await new Promise(setImmediate);
  }
  return promise;
}

const kill = (world: World, nodes: readonly SimNode[]) => {
  for (const node of nodes) world.kill(node, true);
};

describe('a gateway that is there when a session is made', () => {
  test('shows the section as its elders have it', () => {
    const { world, backend } = setUp();
    const { ledger } = world.nodes[0]!.elder!.state;
    const section = backend.section('root');
    expect(section).toMatchObject({ key: toHex(ledger!.key), generation: ledger!.generation, threshold: 3 });
    expect(section.elders.map(({ name, live, usableShare }) => ({ name, live, usableShare }))).toEqual(
      world.nodes.map(({ name }) => ({ name, live: true, usableShare: true })),
    );
    const { genesisKey, links } = backend.chain('root');
    const last = verifyChainJson(fromHex(genesisKey), links).at(-1)!;
    expect(toHex(last.key)).toBe(section.key);
    // It is in no field of the section what is signed: only in the link.
    const { hash, view, signature } = last.certified;
    expect(section.signature).toBe(toHex(signature));
    expect(verifySignature(last.parentKey, certificateMessage(hash, view), fromHex(section.signature!))).toBe(true);
    expect(backend.nodes().every(({ reachable, roles }) => reachable && roles.includes('elder'))).toBe(true);
    expect(() => backend.section('0')).toThrow('WITAN_ERR_NOT_FOUND');
    expect(backend.checks().every(({ ok }) => ok)).toBe(true);
  });

  test('tells a session in its order, each thing once, in the form of the API', () => {
    const { backend, events, newcomer } = setUp();
    const [last] = backend.sessions();
    expect(last).toMatchObject({ state: 'done', waitingOn: [], blame: [], resultKey: backend.section('root').key });
    for (const event of events) expect([event, formErrors(EVENTS[event.type], event)]).toEqual([event, []]);
    const told = events.filter((event) => 'session' in event.data && event.data.session === last!.id);
    const kinds = told.map(({ type }) => type);
    expect(kinds[0]).toBe('dkg.started');
    expect(kinds.filter((kind) => kind === 'dkg.phase')).toHaveLength(5);
    expect(kinds.filter((kind) => kind === 'dkg.closed')).toHaveLength(4);
    expect(kinds.filter((kind) => kind === 'dkg.done')).toHaveLength(1);
    const messages = told.flatMap((event) => (event.type === 'dkg.message' ? [event.data] : []));
    expect(new Set(messages.map(({ phase, from }) => `${phase} ${from}`)).size).toBe(messages.length);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    const changes = events.flatMap((event) => (event.type === 'membership' ? [event.data] : []));
    expect(changes.map(({ node, change }) => [node, change])).toEqual([
      [newcomer.name, 'joined'],
      [newcomer.name, 'promoted'],
    ]);
  });

  test('notices who falls silent', () => {
    const { world, backend, events } = setUp();
    const [, , third, fourth] = world.nodes;
    kill(world, [third!]);
    world.run(6000);
    expect(backend.node(third!.name).reachable).toBe(false);
    expect(
      backend
        .section('root')
        .elders.filter(({ live }) => !live)
        .map(({ name }) => name),
    ).toEqual([third!.name]);
    const beats = events.flatMap((event) => (event.type === 'heartbeat' && !event.data.live ? [event.data.node] : []));
    expect(beats).toEqual([third!.name]);
    kill(world, [fourth!]);
    world.run(6000);
    expect(backend.checks().find(({ name }) => name === 'section')?.detail).toContain('2 of 4 elders can sign');
  });
});

describe('a gateway that comes later', () => {
  test('knows what the first one knows, and none of it is news', () => {
    const { world, backend: early } = setUp();
    const { backend: late, events } = gatewayOf(world, 'late');
    expect(() => late.section('root')).toThrow('WITAN_ERR_NOT_READY');
    world.run(5000);
    expect(late.section('root')).toEqual(early.section('root'));
    expect(late.chain('root')).toEqual(early.chain('root'));
    const essence = (backend: LiveBackend) => {
      const { id, state, phases, participants, resultKey } = backend.sessions()[0]!;
      return {
        ...{ id, state, participants, resultKey },
        phases: phases.map(({ name, expected, received, close, messages }) => ({
          ...{ name, expected, received, close },
          messages: messages.map(({ from, hash }) => `${from} ${hash}`).sort(),
        })),
      };
    };
    expect(essence(late)).toEqual(essence(early));
    expect(events.map(({ type }) => type).filter((type) => type !== 'heartbeat')).toEqual([]);
  });

  test('and tells what happens from then on', () => {
    const { world } = setUp();
    const { events, backend } = gatewayOf(world, 'late');
    world.run(3000);
    kill(world, [world.nodes[3]!]);
    world.run(6000);
    expect(events.at(-1)).toMatchObject({ type: 'heartbeat', data: { node: world.nodes[3]!.name, live: false } });
    expect(backend.section('root').elders.filter(({ live }) => live)).toHaveLength(3);
  });
});

describe('attestations, as witan_attestations_total counts them', () => {
  const payload = new Uint8Array(Buffer.from('payload'));

  test('are signed while a threshold of elders is there', async () => {
    const { world, backend, attested } = setUp();
    kill(world, [world.nodes[1]!]);
    const bundle = await meanwhile(world, backend.attest({ payload, context: 'x' }));
    expect(toHex(verifyBundle(bundle, fromHex(backend.network().genesisKey), payload).links[0]!.key)).toBe(
      backend.network().genesisKey,
    );
    expect(backend.verify(bundle, payload)).toMatchObject({ valid: true, reason: null });
    expect(backend.verify({ ...bundle, context: 'y' }, payload)).toMatchObject({
      valid: false,
      reason: { code: 'WITAN_ERR_SIGNATURE' },
    });
    expect(backend.verify(bundle, new Uint8Array(Buffer.from('another')))).toMatchObject({
      valid: false,
      reason: { code: 'WITAN_ERR_SIGNATURE', detail: 'the bundle is about another payload' },
    });
    expect(attested).toEqual(['signed']);
  });

  test('are refused below it, naming those who are missed; what cannot be asked for has failed', async () => {
    const { world, backend, attested } = setUp();
    const gone = world.nodes.slice(1, 3);
    kill(world, gone);
    await expect(meanwhile(world, backend.attest({ payload, context: 'x' }))).rejects.toMatchObject({
      code: 'WITAN_ERR_NO_QUORUM',
      data: { waitingOn: gone.map(({ name }) => name) },
    });
    await expect(backend.attest({ payload, context: 'x'.repeat(5000) })).rejects.toThrow('WITAN_ERR');
    expect(attested).toEqual(['no-quorum', 'failed']);
  });
});

describe('a gateway whose clock is off', () => {
  const attest = async (clockOffsetMs: number) => {
    const { world } = setUp();
    const { backend } = gatewayOf(world, 'off', clockOffsetMs);
    world.run(3000);
    const attested = backend.attest({ payload: new Uint8Array(1), context: 'x' });
    return { world, result: await meanwhile(world, attested).catch((error: unknown) => error) };
  };

  test('by less than a minute has its attestations signed', async () => {
    const { result } = await attest(50_000);
    expect(result).toMatchObject({ context: 'x' });
  });

  test.each([-70_000, 70_000])('by %i ms is told by every elder that it is the clocks', async (offsetMs) => {
    const { world, result } = await attest(offsetMs);
    const names = world.nodes.map(({ name }) => name);
    expect(result).toMatchObject({
      code: 'WITAN_ERR_NO_QUORUM',
      detail: '0 of 3 signature shares came; 4 elders refuse with WITAN_ERR_CLOCK (clocks differ)',
      data: { waitingOn: names, refusals: names.map((name) => ({ name, code: 'WITAN_ERR_CLOCK' })) },
    });
  });
});

describe('what is not to be believed', () => {
  test.each([
    ['is known to be gone', false],
    ['seems to be there', true],
  ])('one participant, while this gateway hears nobody and its connection %s, and after that', (_, isUp) => {
    const { world, newcomer, until, backend, name, link, events } = begin();
    const [liar, other] = world.nodes as [SimNode, SimNode];
    // The next session cannot go on: its participants hear nothing of each other, and tell the gateway so.
    const isAmongThem = ({ about, from, to }: Packet) => about.includes('dkg') && from !== name && to !== name;
    world.network.rule = (packet) => (isAmongThem(packet) ? 'lose' : 'pass');
    world.start(newcomer);
    world.run(PATIENCE_MS, () => backend.sessions()[0]?.participants.length === NODES);
    world.run(3000);
    const session = openSession(liar.elder!.state.ledger!.pending!.certified);
    const at = { wallMs: EPOCH_MS + world.clock.now(), at: 0 };
    const lies = [
      { ...at, type: 'blame', node: other.name, reason: 'not-justified', phase: 'contribution', evidence: [] },
      { ...at, type: 'done', key: 'ff'.repeat(48), usableShare: true },
    ];
    const said = encodeReports(session, JSON.stringify(lies));
    const { raw } = sealEnvelope(liar.identity, NETWORK_TAG, 'dkgReport', said);
    world.network.publishFrom(liar.name, 'section.root.reports', raw);
    world.run(10);
    link.isUp = isUp;
    for (const node of world.nodes) world.network.cut(node.name, name);
    world.run(10);
    const before = backend.session(session.id);
    expect(before).toMatchObject({ blame: [], resultKey: null });

    const news = () => events.splice(0);
    const of = (told: readonly WitanEvent[], type: WitanEvent['type']) => told.filter((event) => event.type === type);
    news();
    world.run(10_000);
    expect(backend.session(session.id)).toEqual(before);
    expect(backend.nodes().map(({ reachable }) => reachable)).toEqual(world.nodes.map(() => false));
    const meanwhile = news();
    expect(meanwhile.filter(({ type }) => type !== 'heartbeat')).toEqual([]);
    // That its own connection is gone says nothing of them.
    expect(of(meanwhile, 'heartbeat')).toHaveLength(isUp ? NODES : 0);

    link.isUp = true;
    for (const node of world.nodes) world.network.mend(node.name, name);
    world.run(6000);
    expect(backend.session(session.id)).toMatchObject({ blame: [], resultKey: null });
    const after = news();
    expect([...of(after, 'dkg.done'), ...of(after, 'dkg.blamed')]).toEqual([]);
    const back = of(after, 'heartbeat').flatMap((event) => (event.type === 'heartbeat' ? [event.data] : []));
    expect(back.map(({ node, live }) => [node, live]).sort()).toEqual(world.nodes.map((node) => [node.name, true]));

    world.network.rule = () => 'pass';
    until(NODES);
    const { key } = backend.section('root');
    expect(backend.session(session.id)).toMatchObject({ state: 'done', blame: [], resultKey: key });
    expect(of(news(), 'dkg.done')).toMatchObject([{ data: { session: session.id, resultKey: key } }]);
  });

  test('reports and heartbeats: refused with the reason, and nothing is different', () => {
    const { world, backend, refused, events } = setUp();
    const [liar] = world.nodes;
    const stranger = Identity.fromSeed(sha256(new Uint8Array(9)));
    const session = openSession(liar!.elder!.state.ledger!.origin!.certified);
    const entry = { wallMs: EPOCH_MS, at: 0, type: 'failed', reason: 'because I say so' };
    const reports = encodeReports(session, JSON.stringify([entry]));
    const sealed = (by: Identity, kind: Parameters<typeof sealEnvelope>[2], body: Uint8Array) =>
      sealEnvelope(by, NETWORK_TAG, kind, body).raw;
    expect(decodeReports(openEnvelope(sealed(stranger, 'dkgReport', reports), NETWORK_TAG).body).session).toBe(
      session.id,
    );
    const before = JSON.stringify([backend.section('root'), backend.sessions()]);
    const [told, refusedBefore] = [events.length, refused.length];
    const send = (topic: string, raw: Uint8Array) => {
      world.network.publishFrom(liar!.name, `section.root.${topic}`, raw);
      world.run(10);
    };
    const forged = sealed(liar!.identity, 'dkgReport', reports);
    forged[forged.length - 1]! ^= 1;
    send('reports', new Uint8Array(50));
    send('reports', forged);
    send('reports', sealed(stranger, 'dkgReport', reports));
    send('reports', sealed(liar!.identity, 'heartbeat', reports));
    send('heartbeats', sealed(liar!.identity, 'dkgReport', reports));
    // Of the wrong form: left out without a word, as what a newer node might say.
    send(
      'reports',
      sealed(liar!.identity, 'dkgReport', encodeReports(session, JSON.stringify([{ type: 'nonsense' }, 7, null]))),
    );
    expect(refused.slice(refusedBefore)).toEqual([
      'reports WITAN_ERR_MALFORMED',
      'reports WITAN_ERR_SIGNATURE',
      'reports WITAN_ERR_NOT_MEMBER',
      'reports WITAN_ERR_INVALID',
      'heartbeats WITAN_ERR_INVALID',
    ]);
    expect(JSON.stringify([backend.section('root'), backend.sessions()])).toBe(before);
    expect(events.slice(told)).toEqual([]);
  });

  test('a participant that says that a session has failed which has ended is not believed', () => {
    const { world, backend } = setUp();
    const [liar] = world.nodes;
    const session = openSession(liar!.elder!.state.ledger!.origin!.certified);
    const entry = { wallMs: EPOCH_MS, at: 0, type: 'failed', reason: 'because I say so' };
    const { raw } = sealEnvelope(
      liar!.identity,
      NETWORK_TAG,
      'dkgReport',
      encodeReports(session, JSON.stringify([entry])),
    );
    world.network.publishFrom(liar!.name, 'section.root.reports', raw);
    world.run(10);
    expect(backend.session(session.id).state).toBe('done');
  });
});
