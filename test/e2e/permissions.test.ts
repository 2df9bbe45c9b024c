import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bus, type BusEvent, connectNats, createNkey, nkeyOf } from '@witan/bus';
import { Identity, nodeName } from '@witan/crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PATIENCE_MS } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { keyWithin } from '../support/nkey-bytes.ts';
import type { ServiceKind, ServiceProcess } from '../support/service-process.ts';
import { useCluster } from '../support/use-cluster.ts';

const { cluster } = useCluster({ nodes: 3, settings: { settleMs: 300 } });

const NAME = 'ab'.repeat(32);
const SPARE = 8;
const ROLES: readonly ServiceKind[] = ['gateway', 'elder', 'adult', 'dkg-coordinator'];
/** A user of each role that no process of the cluster has. */
const USERS: Record<ServiceKind, string> = {
  gateway: 'gateway-1',
  elder: `node-${SPARE}-elder`,
  adult: `node-${SPARE}-adult`,
  'dkg-coordinator': 'dkg-coordinator-2',
};

/** Who may do what, as the design has it. What no role is named for is forbidden to all. */
const MAY: Readonly<Record<string, { readonly say?: readonly ServiceKind[]; readonly hear?: readonly ServiceKind[] }>> =
  {
    [`section.root.dkg.${NAME}`]: { say: ['elder', 'dkg-coordinator'], hear: ['elder', 'dkg-coordinator'] },
    'section.root.dkg.*': { hear: ['elder', 'dkg-coordinator'] },
    'section.root.decisions': { say: ['elder'], hear: ['elder'] },
    'section.root.events': { say: ['elder', 'dkg-coordinator'], hear: ROLES },
    'section.root.join': { say: ['elder', 'adult'], hear: ['elder'] },
    'section.root.heartbeats': { say: ['elder', 'adult'], hear: ROLES },
    'section.root.reports': { say: ['elder'], hear: ['gateway'] },
    // Heard in a queue only: one of them answers, and nobody overhears.
    'section.root.ask.ae.section': { say: ROLES },
    'section.root.ask.other': {},
    'section.root.other': {},
    'section.0.events': {},
    [`node.${NAME}.elder.ae.section`]: { say: ROLES, hear: ['elder'] },
    [`node.${NAME}.elder.ae.dkg`]: { say: ['elder', 'dkg-coordinator'], hear: ['elder'] },
    [`node.${NAME}.elder.dkg.repair`]: { say: ['elder'], hear: ['elder'] },
    [`node.${NAME}.elder.sign`]: { say: ['gateway'], hear: ['elder'] },
    [`node.${NAME}.elder.dkg.history`]: { say: ['gateway'], hear: ['elder'] },
    [`node.${NAME}.elder.other`]: {},
    [`node.${NAME}.adult.ae.section`]: {},
    [`node.${NAME}.>`]: {},
    'section.root.>': {},
    'gateway.status': {},
    'coordinator.sessions': {},
  };

interface Connected {
  readonly bus: Bus;
  readonly nkey: string;
  readonly forbidden: { operation: string; subject: string }[];
  /** All that became of the connection. */
  readonly events: BusEvent[];
}

async function connectAs(user: string): Promise<Connected> {
  const seed = readFileSync(cluster.users.seedFile(user), 'utf8').trim();
  const forbidden: Connected['forbidden'] = [];
  const events: BusEvent[] = [];
  const onEvent = (event: BusEvent): void => {
    events.push(event);
    if (event.type === 'forbidden') forbidden.push({ operation: event.operation, subject: event.subject });
  };
  const bus = await connectNats({ servers: cluster.natsUrl, name: 'as another', nkeySeed: seed, onEvent });
  onTestFinished(() => bus.drain());
  return { bus, nkey: nkeyOf(seed), forbidden, events };
}

/** What the server refuses of all this. */
async function refusedOf({ bus, forbidden }: Connected, say: readonly string[], hear: readonly string[]) {
  for (const subject of say) bus.publish(subject, new Uint8Array(1));
  for (const subject of hear) bus.subscribe(subject, () => {}).unsubscribe();
  await bus.flush();
  // What the server said before its answer is told in the turns of this one.
  await new Promise((resolve) => setImmediate(resolve));
  const of = (operation: string) =>
    forbidden.filter((each) => each.operation === operation).map((each) => each.subject);
  return { say: of('publish').sort(), hear: of('subscribe').sort() };
}

describe('the server lets each role say and hear what it needs and no more', () => {
  test.for(ROLES)('%s', async (role) => {
    const self = await connectAs(USERS[role]);
    const other = nkeyOf(readFileSync(cluster.users.seedFile('gateway-0'), 'utf8').trim());
    const full = (subject: string) => `witan.${cluster.network}.${subject}`;
    const isPattern = (subject: string) => /[*>]/.test(subject);
    const all = Object.keys(MAY);
    const mayNot = (act: 'say' | 'hear') => all.filter((each) => !MAY[each]![act]?.includes(role)).map(full);
    const inbox = `_INBOX.${other}.x`;
    const foreign = ['witan.other.section.root.events', '$SRV.PING', '$SYS.REQ.SERVER.PING'];
    const eavesdropped = [
      inbox,
      ...foreign.filter((subject) => subject !== '$SRV.PING'),
      ...['>', '_INBOX.>', '$SRV.>', `$SRV.PING.witan-${ROLES.find((each) => each !== role)}`],
    ];
    const refused = await refusedOf(
      self,
      [...all.filter((each) => !isPattern(each)).map(full), ...foreign, inbox],
      [...all.map(full), ...eavesdropped, `_INBOX.${self.nkey}.x`, '$SRV.PING', `$SRV.PING.witan-${role}`],
    );
    expect(refused.say).toEqual([...mayNot('say').filter((each) => !isPattern(each)), ...foreign].sort());
    expect(refused.hear).toEqual([...mayNot('hear'), ...eavesdropped].sort());
    // What it says to another's inbox is refused as well, but of an elder, who answers; it counts as an answer that is lost.
    expect(self.bus.stats.dropped).toBe(role === 'elder' ? 0 : 1);
    expect(self.bus.status).toBe('connected');
  });

  test('an operator may look at everything, ask services how they are, and say nothing else', async () => {
    const operator = await connectAs('operator');
    const pong = await operator.bus.request('$SRV.PING.witan-gateway', new Uint8Array(0), { timeoutMs: 5000 });
    expect(Buffer.from(pong).toString()).toContain('witan-gateway');
    const events = `witan.${cluster.network}.section.root.events`;
    expect(await refusedOf(operator, [events], [events, '>'])).toEqual({ say: [events], hear: ['>'] });
  });

  test('who shows the key of nobody is not let in', async () => {
    const tried = Promise.withResolvers<BusEvent>();
    const ending = new AbortController();
    const connecting = connectNats({
      servers: cluster.natsUrl,
      name: 'nobody',
      nkeySeed: createNkey().seed,
      signal: ending.signal,
      onEvent: tried.resolve,
    });
    expect(await tried.promise).toMatchObject({
      type: 'connecting',
      error: { code: 'WITAN_ERR_FORBIDDEN', detail: expect.stringContaining('does not know this user') },
    });
    ending.abort();
    await expect(connecting).rejects.toThrow('WITAN_ERR_UNAVAILABLE');
  });
});

test('no node has the key of a user as its identity, of which the server could have whatever it likes signed', async () => {
  const seed = readFileSync(cluster.users.seedFile('node-0-elder'), 'utf8').trim();
  const nkeys = new Set(readFileSync(cluster.users.configFile, 'utf8').match(/\bU[A-Z2-7]{55}\b/g));
  expect(nkeys).toContain(nkeyOf(seed));
  // By the name that an identity of the same key has, one would be found.
  const names = [...nkeys].map((nkey) => nodeName(keyWithin(nkey)));
  expect(names).toContain(Identity.fromSeed(keyWithin(seed)).name);
  const { members } = await cluster.api.section({ prefix: 'root' });
  expect(members).toHaveLength(cluster.nodes.length);
  for (const { name } of members) expect(names).not.toContain(name);
});

test('a connection with a key that was renewed ends with the reload and is not let in again; the others stay', async () => {
  const [stolen, other] = [await connectAs('gateway-1'), await connectAs('dkg-coordinator-2')];
  cluster.users.renew('gateway-1');
  cluster.users.write();
  await cluster.reloadNats();
  await eventually(
    'it is told that nobody knows it',
    () =>
      stolen.events.some((event) => event.type === 'connecting' && String(event.error).includes('WITAN_ERR_FORBIDDEN')),
    { withinMs: PATIENCE_MS },
  );
  expect(stolen.bus.status).not.toBe('connected');
  await other.bus.flush();
  expect(other.events).toEqual([]);
  const successor = await connectAs('gateway-1');
  expect(successor.nkey).not.toBe(stolen.nkey);
  expect(await refusedOf(successor, [], [`witan.${cluster.network}.section.root.events`])).toEqual({
    say: [],
    hear: [],
  });
});

describe('a service that reaches beyond its subjects', () => {
  /** Elsewhere than the cluster's nodes, so that it is nobody known. */
  const start = (kind: 'adult' | 'elder', user: string): ServiceProcess => {
    const service = cluster.service(kind, `${kind} as ${user}`, {
      WITAN_NATS_NKEY_FILE: cluster.users.seedFile(user),
      WITAN_DATA_DIR: join(cluster.directory, `elsewhere-${kind}`),
    });
    onTestFinished(async () => void (service.isRunning && (await service.kill())));
    return service.start();
  };
  const bus = async (service: ServiceProcess) => {
    const { status, body } = await service.probe('/readyz');
    return { status, check: body.checks?.find(({ name }) => name === 'bus') };
  };

  test('hears of it by name: in its log once, in its metrics each time, and as not ready', async () => {
    const adult = start('adult', USERS.gateway);
    const heartbeats = `witan.${cluster.network}.section.root.heartbeats`;
    const fields = { event: 'forbidden', code: 'WITAN_ERR_FORBIDDEN', operation: 'publish', subject: heartbeats };
    await adult.says(fields, PATIENCE_MS);
    const counted = async (operation: 'publish' | 'subscribe') =>
      (await adult.metrics()).value('witan_bus_forbidden_total', { operation }) ?? 0;
    await eventually('it is told each time', async () => (await counted('publish')) >= 3, { withinMs: PATIENCE_MS });
    expect(adult.said(fields)).toHaveLength(1);
    // What it hears, a gateway may hear; to be asked as an adult it may not.
    await eventually('so is what it may not hear', async () => (await counted('subscribe')) > 0, {
      withinMs: PATIENCE_MS,
    });
    const { status, check } = await bus(adult);
    expect(status).toBe(503);
    expect(check).toMatchObject({
      ok: false,
      detail: expect.stringMatching(/^WITAN_ERR_FORBIDDEN: may not listen to/),
    });
    expect((await adult.probe('/livez')).status).toBe(200);
  });

  test('as an elder under the name of another node; and listens as soon as it may, without a restart', async () => {
    cluster.users.bind(SPARE, NAME);
    cluster.users.write();
    await cluster.reloadNats();
    const elder = start('elder', USERS.elder);
    const { node } = await elder.says({ event: 'forbidden', operation: 'subscribe' }, PATIENCE_MS);
    const own = `witan.${cluster.network}.node.${node}.elder.`;
    await eventually(
      'it says whom it may not answer for',
      async () => (await bus(elder)).check?.detail?.includes(own),
      {
        withinMs: PATIENCE_MS,
      },
    );
    expect(node).not.toBe(NAME);

    cluster.users.bind(SPARE, String(node));
    cluster.users.write();
    await cluster.reloadNats();
    await eventually('it may', async () => (await bus(elder)).check?.ok, { withinMs: PATIENCE_MS });
    const asked = await (await cluster.bus()).request('$SRV.INFO.witan-elder', new Uint8Array(0), { timeoutMs: 5000 });
    expect(Buffer.from(asked).toString()).toContain('witan-elder');
    expect(elder.lines.filter(({ msg }) => msg === 'bus: disconnected')).toEqual([]);
  });
});

test('with every node bound to its name, none may answer for another, and the section signs', async () => {
  for (const { index, name } of cluster.nodes) cluster.users.bind(index, name);
  cluster.users.write();
  await cluster.reloadNats();
  const [first, second] = cluster.nodes;
  const thief = await connectAs(`node-${first!.index}-elder`);
  const subjectOf = (name: string) => `witan.${cluster.network}.node.${name}.elder.sign`;
  const refused = await refusedOf(thief, [], [subjectOf(first!.name), subjectOf(second!.name)]);
  expect(refused.hear).toEqual([subjectOf(second!.name)]);
  await cluster.api.attest({ body: { payload: 'aGVsbG8' } }, { timeoutMs: 20_000 });
});
