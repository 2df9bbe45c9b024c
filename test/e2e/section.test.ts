import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createClient, ROUTES, type Session, type WitanEvent } from '@witan/api';
import { inboxOf, nkeyOf } from '@witan/bus';
import { verifyBundle } from '@witan/chain';
import { toHex } from '@witan/crypto';
import { isWitanError } from '@witan/errors';
import { describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { figure } from '../support/figures.ts';
import type { LogLine } from '../support/service-process.ts';
import { useCluster } from '../support/use-cluster.ts';

const NODES = 9;
const FIRST = 5;
const { cluster, invariants } = useCluster({ nodes: FIRST });

const sessionOf = (event: WitanEvent | undefined) =>
  (event as { data: { session?: string } } | undefined)?.data.session;
const payload = randomBytes(1000);
const attest = () =>
  cluster.api.attest({ body: { payload: payload.toString('base64url'), context: 'e2e' } }, { timeoutMs: 20_000 });

test('server-sent events show a session live, from its start to the handover, when nodes join', async () => {
  const leaving = new AbortController();
  const events: WitanEvent[] = [];
  const reading = (async () => {
    for await (const event of cluster.api.events({ signal: leaving.signal })) events.push(event);
  })();
  try {
    const streams = async () => (await cluster.gateway.metrics()).value('witan_http_event_streams') === 1;
    await eventually('the stream stands', streams, { withinMs: 10_000 });
    const { key: keyBefore } = await cluster.section();
    for (let i = FIRST; i < NODES; i++) await cluster.addNode();
    const { key, chainLength } = await cluster.settled();
    const handover = await eventually(
      'the handover to the key in use is told',
      () => events.find((event) => event.type === 'handover' && event.data.key === key),
      { withinMs: 10_000 },
    );
    const joined = events.filter((event) => event.type === 'membership' && event.data.change === 'joined');
    expect(joined).toHaveLength(NODES - FIRST);
    expect(key).not.toBe(keyBefore);
    const done = await eventually(
      'the end of its session is told',
      () => events.find((event) => event.type === 'dkg.done' && event.data.resultKey === key),
      { withinMs: 10_000 },
    );
    const told = events.filter((event) => 'session' in event.data && event.data.session === sessionOf(done));
    const kinds = told.map((event) => event.type);
    expect(kinds.slice(0, 1)).toEqual(['dkg.started']);
    expect(kinds.filter((kind) => kind === 'dkg.phase')).toHaveLength(5);
    expect(kinds.filter((kind) => kind === 'dkg.closed')).toHaveLength(4);
    expect(kinds.filter((kind) => kind === 'dkg.message').length).toBeGreaterThanOrEqual(4 * 7 + 5);
    expect(handover.data).toMatchObject({ index: chainLength - 1 });
  } finally {
    leaving.abort();
    await reading;
  }
});

describe('nine nodes', () => {
  test('make a 5-of-7 key, and every elder holds a usable share of it', async () => {
    const section = await cluster.settled();
    expect(section).toMatchObject({ prefix: 'root', threshold: 5 });
    expect(section.elders).toHaveLength(7);
    expect(section.members).toHaveLength(NODES);
    const { links } = await cluster.api.chain({ prefix: 'root' });
    expect(links.map((link) => link.reason)).toEqual(['genesis', ...links.slice(1).map(() => 'handover')]);
    expect(links.at(-1)).toMatchObject({ key: section.key, parentKey: links.at(-2)!.key });
  });

  test('attest: the bundle verifies offline from the genesis key alone, and not when it is tampered with', async () => {
    const bundle = await attest();
    expect(toHex(verifyBundle(bundle, invariants.genesisKey, payload).links[0]!.key)).toBe(
      toHex(invariants.genesisKey),
    );
    expect(bundle.key).toBe((await cluster.section()).key);
    const forged = { ...bundle, context: 'another' };
    expect(() => verifyBundle(forged, invariants.genesisKey, payload)).toThrow('WITAN_ERR_SIGNATURE');
    expect(await cluster.api.verify({ body: bundle })).toMatchObject({ valid: true, reason: null });
    expect(await cluster.api.verify({ body: forged })).toMatchObject({
      valid: false,
      reason: { code: 'WITAN_ERR_SIGNATURE' },
    });
  });

  test('attest without two of them', async () => {
    const [first, second] = await cluster.elders();
    for (const node of [first!, second!]) node.elder.pause();
    try {
      const bundle = await attest();
      expect(() => verifyBundle(bundle, invariants.genesisKey, payload)).not.toThrow();
    } finally {
      for (const node of [first!, second!]) node.elder.resume();
    }
    await cluster.settled();
  });

  test('do not attest without three of them, and the answer names those that are missed', async () => {
    const away = (await cluster.elders()).slice(0, 3);
    for (const { elder } of away) elder.pause();
    try {
      const error = await attest().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(isWitanError(error) && error.code).toBe('WITAN_ERR_NO_QUORUM');
      expect(error).toHaveProperty('data.waitingOn', expect.arrayContaining(away.map((node) => node.name).sort()));
    } finally {
      for (const { elder } of away) elder.resume();
    }
    await cluster.settled();
  });
});

describe('the gateway of the live system', () => {
  test('answers every route with what its schema says', async () => {
    const { api } = cluster;
    const section = await cluster.section();
    const network = await api.network();
    expect(network).toMatchObject({ network: cluster.network, sections: [{ elders: 7, members: NODES }] });
    const { nodes } = await api.nodes();
    expect(nodes).toHaveLength(NODES);
    expect(nodes.filter((node) => node.roles.includes('elder'))).toHaveLength(7);
    expect(nodes.every((node) => node.reachable && node.state === 'joined')).toBe(true);
    expect(await api.node({ name: nodes[0]!.name })).toMatchObject({ name: nodes[0]!.name });
    const { sessions } = await api.sessions();
    const session = await api.session({ id: sessions[0]!.id });
    expect(session).toMatchObject({ state: 'done', resultKey: section.key, waitingOn: [], blame: [] });
    const proof = await api.chain({ prefix: 'root', from: network.genesisKey });
    expect(proof.links.at(-1)!.key).toBe(section.key);
    expect(proof.links.some((link) => link.key === network.genesisKey)).toBe(false);
    expect(await api.livez()).toMatchObject({ status: 'ok' });
    expect(await api.readyz()).toMatchObject({ status: 'ok' });
  });

  test('shows who sent what in each of the six phases', async () => {
    const session = (await cluster.lastSession())!;
    const spoken = session.phases.filter(({ name }) => name !== 'justification');
    for (const phase of spoken) expect(phase).toMatchObject({ expected: 7, received: 7 });
    expect(session.phases.find(({ name }) => name === 'justification')).toMatchObject({
      expected: 0,
      received: 0,
      durationMs: 0,
    });
    figure('DKG of 7, DkgStart to the first report of its end', session.durationMs!);
  });

  test('that starts late shows all sessions as they were', async () => {
    const late = cluster.service('gateway', 'a late gateway', { WITAN_HTTP_PORT: '0' });
    const { url } = (await late.start().ready()).said({ event: 'ready' })[0]!;
    try {
      const timesOf = ({ sessions }: { readonly sessions: readonly Session[] }) =>
        sessions.map(({ id, phases }) => [
          id,
          ...phases.map(({ name, startedAt, endedAt, received }) => [name, startedAt, endedAt, received]),
        ]);
      const seenLive = timesOf(await cluster.api.sessions());
      expect(seenLive.length).toBeGreaterThan(1);
      const remembered = async () => {
        const known = await createClient(String(url)).sessions();
        expect(timesOf(known)).toEqual(seenLive);
        return known.sessions;
      };
      const sessions = await eventually('it has learned them', remembered, { withinMs: 10_000 });
      for (const session of sessions) expect(session.durationMs).toBeGreaterThan(0);
    } finally {
      await late.stop();
    }
  });

  test('serves its documents and its page', async () => {
    const at = (path: string) => fetch(cluster.url + path);
    const document = (await (await at('/openapi.json')).json()) as { openapi: string; paths: object };
    expect(document.openapi).toMatch(/^3\.1/);
    for (const { path } of Object.values(ROUTES)) expect(document.paths).toHaveProperty([path]);
    for (const path of ['/', '/docs']) {
      const page = await at(path);
      expect([path, page.status]).toEqual([path, 200]);
      expect(page.headers.get('content-type')).toContain('text/html');
    }
  });

  test('answers what does not exist with a problem document', async () => {
    const response = await fetch(`${cluster.url}/v1/sections/0101`);
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(await response.json()).toMatchObject({ code: 'WITAN_ERR_NOT_FOUND', status: 404 });
  });
});

describe('the logs of all services', () => {
  /** Longer than what is shortened for people: a name, an id, a key, or a secret. */
  const LONG = /[0-9a-f]{32,}|[A-Za-z0-9_+-]{43,}/g;

  test('hold names of nodes, ids of sessions and section keys, and nothing else that long', async () => {
    const [{ sessions }, { links }] = await Promise.all([
      cluster.api.sessions({ limit: 1000 }),
      cluster.api.chain({ prefix: 'root', limit: 1000 }),
    ]);
    const open = new Set([
      ...cluster.nodes.map(({ name }) => name),
      ...sessions.map(({ id }) => id),
      ...links.map(({ key }) => key),
    ]);
    // A coordinator is nobody, and another one after every start: whoever refuses it says its name.
    const isOfNobody = ({ err }: LogLine) => (err as { code?: string } | undefined)?.code === 'WITAN_ERR_NOT_MEMBER';
    const lines = cluster.processes.flatMap((service) => service.lines.filter((line) => !isOfNobody(line)));
    const told = new Set(lines.flatMap((line) => JSON.stringify(line).match(LONG) ?? []));
    expect(told).toEqual(open);
  });

  test.for(['elder', 'dkg-coordinator'] as const)('tell of a session from its start to its end: %s', async (kind) => {
    const { id } = (await cluster.lastSession())!;
    const service = cluster.processes.find((each) => each.kind === kind)!;
    const told = service.said({ session: id }).map(({ event }) => event);
    for (const event of ['decided', 'dkg-started', 'dkg-phase', 'dkg-closed', 'dkg-done']) {
      expect(told).toContain(event);
    }
  });
});

describe('the NATS services protocol', () => {
  interface Answer {
    readonly type: string;
    readonly name: string;
    readonly id: string;
    readonly version: string;
    readonly metadata: Readonly<Record<string, string>>;
    readonly endpoints?: readonly Endpoint[];
  }
  interface Endpoint {
    readonly name: string;
    readonly subject: string;
    readonly queue_group: string;
    readonly num_requests?: number;
    readonly num_errors?: number;
    readonly last_error?: string;
  }
  const KINDS = ['adult', 'dkg-coordinator', 'elder', 'gateway'] as const;

  /** What every service says, in the order of their names. */
  async function answers(verb: 'PING' | 'INFO' | 'STATS'): Promise<readonly Answer[]> {
    const bus = await cluster.bus();
    const raw = await cluster.rawNats();
    // Of an operator: others are answered by elders alone.
    const operator = nkeyOf(readFileSync(cluster.users.seedFile('operator'), 'utf8').trim());
    const inbox = `${inboxOf(operator)}.${randomBytes(8).toString('hex')}`;
    const heard: Answer[] = [];
    bus.subscribe(inbox, ({ payload }) => void heard.push(JSON.parse(new TextDecoder().decode(payload)) as Answer));
    await bus.flush();
    raw.publish(`$SRV.${verb}`, new Uint8Array(0), inbox);
    await eventually('all have answered', () => heard.length >= cluster.processes.length, { withinMs: 10_000 });
    return heard.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  const ofElder = async (name: string) => {
    const all = await answers('STATS');
    const found = all.find((each) => each.name === 'witan-elder' && each.metadata.node === name);
    return new Map(found!.endpoints!.map((endpoint) => [endpoint.name, endpoint]));
  };

  test('PING: every service says what it is and whose', async () => {
    const all = await answers('PING');
    const expected = cluster.processes.map(({ kind }) => `witan-${kind}`).sort();
    expect(all.map(({ name }) => name)).toEqual(expected);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    for (const each of all) {
      expect(each).toMatchObject({ type: 'io.nats.micro.v1.ping_response', version: '0.1.0' });
    }
    for (const name of ['witan-elder', 'witan-adult']) {
      const nodes = all.filter((each) => each.name === name).map(({ metadata }) => metadata.node);
      expect(nodes.sort()).toEqual(cluster.nodes.map((node) => node.name).sort());
    }
    expect(all.find(({ name }) => name === 'witan-gateway')!.metadata).toEqual({ url: cluster.url });
  });

  test('INFO: what each is for, and where an elder answers', async () => {
    const all = await answers('INFO');
    for (const kind of KINDS) {
      const [info] = all.filter(({ name }) => name === `witan-${kind}`);
      expect(info).toMatchObject({
        type: 'io.nats.micro.v1.info_response',
        description: expect.stringMatching(/\w{4}/),
      });
      const { node } = info!.metadata;
      const at = (verb: string) => `witan.${cluster.network}.node.${node}.elder.${verb}`;
      const endpoints = info!.endpoints!.map(({ name, subject, queue_group: queue }) => ({ name, subject, queue }));
      const own = ['ae.section', 'ae.dkg', 'dkg.repair', 'sign', 'dkg.history'].map((verb) => ({
        name: verb.replace('.', '-'),
        subject: at(verb),
        queue: '',
      }));
      const anyone = `witan.${cluster.network}.section.root.ask.ae.section`;
      expect(endpoints).toEqual(
        kind === 'elder' ? own.toSpliced(1, 0, { name: 'ae-section-anyone', subject: anyone, queue: 'section' }) : [],
      );
    }
  });

  test('STATS: what was asked of an elder, and what of that was refused and why', async () => {
    const [elder] = await cluster.elders();
    const bus = await cluster.bus();
    const before = await ofElder(elder!.name);
    await attest();
    for (const verb of ['ae.section', 'ae.dkg', 'dkg.repair', 'sign', 'dkg.history']) {
      const at = `witan.${cluster.network}.node.${elder!.name}.elder.${verb}`;
      for (let i = 0; i < 3; i++) {
        await expect(bus.request(at, randomBytes(50), { timeoutMs: 5000 })).rejects.toThrow('WITAN_ERR_MALFORMED');
      }
    }
    const after = await ofElder(elder!.name);
    const grown = (name: string, field: 'num_requests' | 'num_errors') =>
      after.get(name)![field]! - before.get(name)![field]!;
    for (const name of ['ae-section', 'ae-dkg', 'dkg-repair', 'sign', 'dkg-history']) {
      expect([name, grown(name, 'num_errors'), after.get(name)!.last_error]).toEqual([name, 3, 'WITAN_ERR_MALFORMED']);
    }
    expect(grown('sign', 'num_requests')).toBe(4);
    expect(grown('ae-section-anyone', 'num_errors')).toBe(0);
  });
});
