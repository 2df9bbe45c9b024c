import type { Client, ProofBundle } from '@witan/api';
import { verifyBundle, verifyChainJson } from '@witan/chain';
import { fromHex } from '@witan/crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { imageOfVersion, whyNoDocker, whyNoFirewall } from '../support/docker.ts';
import { eventually } from '../support/eventually.ts';
import { figure } from '../support/figures.ts';
import { Hosts, SERVERS, type Site } from '../support/hosts.ts';
import { contradictions } from '../support/one-truth.ts';

const why = whyNoDocker();
if (why) console.error(`NOT RUN, hosts of their own: ${why}`);
const whyNoMute = why ?? whyNoFirewall();
if (whyNoMute && !why) console.error(`NOT RUN, a one-way cut: ${whyNoMute}`);

const PAYLOAD = Buffer.from('what the section signs');
const SITES: readonly Site[] = ['large', 'small'];
const patience = { withinMs: 120_000, everyMs: 100 };
const keys = (chain: readonly { readonly key: string }[]) => chain.map(({ key }) => key);

describe.skipIf(why)('a section on hosts of its own, with three NATS servers', () => {
  const hosts = new Hosts();
  /** All that was ever signed. */
  const bundles: ProofBundle[] = [];
  let genesisKey: string;

  const attest = async (api: Client): Promise<ProofBundle> => {
    const bundle = await api.attest({ body: { payload: PAYLOAD.toString('base64url') } });
    bundles.push(bundle);
    return bundle;
  };
  const attested = (site: Site) =>
    eventually(`the ${site} site has something signed`, () => attest(hosts.api(site)), patience);
  const chain = async (site: Site) => (await hosts.api(site).chain({ prefix: 'root', limit: 1000 })).links;
  /** Both sites tell of one section that can sign, as far as it has come. */
  const healed = async () => {
    const sections = await eventually(
      'both sites tell of the same section',
      async () => {
        const found = await Promise.all(SITES.map((site) => hosts.settled(site)));
        return found[0]!.generation === found[1]!.generation && found;
      },
      patience,
    );
    return sections[0]!;
  };

  beforeAll(async () => {
    const began = performance.now();
    await hosts.start();
    figure('seven hosts and three NATS servers to a 5-of-7 section', performance.now() - began);
    ({ genesisKey } = await hosts.api('large').network());
  });

  afterEach(async () => {
    const lines = await Promise.all(hosts.services.map((name) => hosts.linesOf(name)));
    expect(contradictions(lines.flat()), 'what services say differently').toEqual([]);
    const chains = (await Promise.all(SITES.map(chain))).sort((a, b) => a.length - b.length);
    const longest = chains.at(-1)!;
    verifyChainJson(fromHex(genesisKey), longest);
    for (const bundle of bundles) verifyBundle(bundle, fromHex(genesisKey), PAYLOAD);
    for (const each of [...chains, ...bundles.map((bundle) => bundle.chain)]) {
      expect(keys(longest).slice(0, each.length), 'one is the beginning of the other').toEqual(keys(each));
    }
  });

  afterAll(() => hosts.stop());

  test('whose services have an address each, and spread over the servers', async () => {
    const clients = await Promise.all([
      hosts.clientsOf('nats-a'),
      hosts.clientsOf('nats-b'),
      hosts.clientsOf('nats-c'),
    ]);
    for (const each of clients) expect(each.length).toBeGreaterThan(0);
    expect(new Set(clients.flat()).size).toBe(hosts.services.length);
  });

  test('signs while one server is killed, whose clients go to another; nothing is started again, nor a new key made', async () => {
    const { key } = await hosts.settled();
    const starts = await hosts.startsOf(hosts.services);
    const orphans = await hosts.clientsOf('nats-a');
    const others = await hosts.clientsOf('nats-b');
    await hosts.kill('nats-a');
    for (let i = 0; i < 5; i++) expect((await attested('large')).key).toBe(key);
    expect((await attested('small')).key).toBe(key);
    await eventually(
      'its clients are at the other one',
      async () => (await hosts.clientsOf('nats-b')).length >= orphans.length + others.length,
      patience,
    );
    expect((await hosts.settled()).key).toBe(key);
    await hosts.restart('nats-a');
    await eventually('it is of the cluster again', async () => (await hosts.routesOf('nats-a')) === 2, patience);
    expect(await hosts.startsOf(hosts.services)).toEqual(starts);
  });

  test('signs again when all servers were killed and are started again; nothing else is, nor a new key made', async () => {
    const { key } = await hosts.settled();
    const before = await chain('large');
    const starts = await hosts.startsOf(hosts.services);
    const servers = Object.keys(SERVERS);
    await hosts.kill(...servers);
    await expect(attest(hosts.api('large'))).rejects.toThrow();
    await hosts.restart(...servers);
    const began = performance.now();
    for (const site of SITES) expect((await attested(site)).key).toBe(key);
    figure('all NATS servers started again to a signature at each site', performance.now() - began);
    expect((await healed()).key).toBe(key);
    expect(keys(await chain('large'))).toEqual(keys(before));
    expect(await hosts.startsOf(hosts.services)).toEqual(starts);
  });

  test('whose nodes may have images of different versions: one that is started from another is the same node', async () => {
    const { key } = await healed();
    const [before] = (await hosts.linesOf('node-4')).filter(({ event }) => event === 'ready');
    await hosts.replace(4, await imageOfVersion('9.8.7'));
    const ready = (await hosts.linesOf('node-4')).filter(({ event }) => event === 'ready');
    expect(ready.map(({ version, node }) => [version, node])).toEqual(Array(2).fill(['9.8.7', before!.node]));
    expect((await healed()).key).toBe(key);
    expect((await attested('small')).key).toBe(key);
  });

  test('cut in two: five of seven go on and take another key, two sign nothing, and catch up when they can', async () => {
    const before = await healed();
    const starts = await hosts.startsOf(hosts.services);
    await hosts.cut();
    await expect(attest(hosts.api('small'))).rejects.toMatchObject({ code: 'WITAN_ERR_NO_QUORUM' });
    await attested('large');
    // One more to take the place of an elder that is not heard of: a decision to join, a DKG, a handover.
    await hosts.addNode('large');
    const gone = await eventually(
      'those who are left have made another key',
      async () => {
        const { key, members } = await hosts.api('large').section({ prefix: 'root' });
        return members.length === 8 && key !== before.key && key;
      },
      patience,
    );
    await eventually('it signs', async () => (await attest(hosts.api('large'))).key === gone, patience);
    await expect(attest(hosts.api('small'))).rejects.toMatchObject({ code: 'WITAN_ERR_NO_QUORUM' });
    const behind = await hosts.api('small').section({ prefix: 'root' });
    expect([behind.key, behind.generation, behind.members.length]).toEqual([before.key, before.generation, 7]);

    await hosts.heal();
    const began = performance.now();
    const { generation } = await healed();
    figure('a cut healed to seven elders with usable shares at both sites', performance.now() - began);
    expect(generation).toBeGreaterThan(before.generation);
    await attested('small');
    expect(keys(await chain('small'))).toContain(gone);
    expect(await hosts.startsOf(hosts.services)).toMatchObject(starts);
  });

  test.skipIf(whyNoMute)('heard at one site and not at the other, signs where five are, and nowhere else', async () => {
    await healed();
    const starts = await hosts.startsOf(hosts.services);
    await hosts.mute('nats-c', true);
    await attested('large');
    await expect(attest(hosts.api('small'))).rejects.toMatchObject({ code: 'WITAN_ERR_NO_QUORUM' });
    await attested('large');
    await hosts.mute('nats-c', false);
    await healed();
    for (const site of SITES) await attested(site);
    expect(await hosts.startsOf(hosts.services)).toEqual(starts);
  });
});
