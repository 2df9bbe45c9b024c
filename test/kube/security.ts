import { randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { asWitanError } from '@witan/errors';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { figure } from '../support/figures.ts';
import { enforcesPolicies } from './enforcement.ts';
import { opensFrom, refusedTo } from './in-pod.ts';
import { type Network, namesOf, patience } from './network.ts';
import type { Secrets } from './secrets.ts';
import { expectGoingOn, served } from './served.ts';
import { type Listener, shownBy } from './shown.ts';

const SECTION = 'witan.local.section.root';
const JETSTREAM = ['$JS.API.INFO', '$JS.API.STREAM.CREATE.all'];
/** Every port that something listens on, and whose certificate it shows. */
const LISTENERS: Readonly<Record<string, readonly Listener[]>> = {
  nats: ['nats-0', 'nats-1', 'nats-2'].map((pod) => ({ pod, ports: [4222, 6222, 8222] })),
  node: ['node-0', 'node-8'].map((pod) => ({ pod, ports: [9464, 9465] })),
};

/** With those of services whose pods have names that nobody knows beforehand. */
async function listeners(network: Network): Promise<Readonly<Record<string, readonly Listener[]>>> {
  const of = async (component: string, ports: readonly number[]) =>
    namesOf(await network.pods(component)).map((pod) => ({ pod, ports }));
  return {
    ...LISTENERS,
    gateway: await of('gateway', [8080, 9467]),
    'dkg-coordinator': await of('dkg-coordinator', [9466]),
  };
}

/** Whether each service has said that it has a connection with new certificates. */
async function areAllAnew(network: Network): Promise<boolean> {
  const logs = await network.serviceLogs();
  const anew = logs.filter((line) => line.includes('"event":"certificates"') && line.includes('a new connection'));
  const services = new Set(anew.map((line) => line.split(' ')[0]));
  return services.size === (await network.containers()).length;
}

/** What a section with `k8s/components/bus-security` keeps from whom. */
export function securityTests(network: Network, secrets: Secrets): void {
  test('where network policies are enforced, the gateway reaches NATS and no node', async () => {
    const opens = (host: string, port: number) => opensFrom(network, 'deploy/gateway', host, port);
    expect(await opens('nats-0.nats', 4222)).toBe(true);
    if (!(await enforcesPolicies(network))) {
      console.info('NOT RUN, what network policies forbid: this cluster does not enforce them');
      return;
    }
    expect(await opens('node-0.node', 9465)).toBe(false);
    expect(await opens('nats-0.nats', 8222)).toBe(false);
  });

  test('every port takes TLS alone, and NATS no clients without a certificate', async () => {
    const all = Object.values(await listeners(network)).flat();
    const shown = await shownBy(network.name, all, secrets);
    expect(shown).toHaveLength(all.flatMap(({ ports }) => ports).length);
    const servers = shown.filter(({ at }) => at.endsWith(':4222'));
    expect(servers).toHaveLength(3);
    for (const each of servers) expect(each).toMatchObject({ tls_required: true, tls_verify: true });
  });

  test.for([
    {
      pod: 'deploy/gateway',
      container: 'gateway',
      mayNotSay: ['decisions', 'heartbeats', 'dkg.x'],
      maySay: 'ask.ae.section',
    },
    {
      pod: 'deploy/dkg-coordinator',
      container: 'dkg-coordinator',
      mayNotSay: ['decisions', 'heartbeats'],
      maySay: 'events',
    },
    { pod: 'node-8', container: 'adult', mayNotSay: ['decisions', 'events', 'dkg.x'], maySay: 'heartbeats' },
  ])('who gets into the container $container cannot speak as an elder, nor hear all', async (place) => {
    const full = (channels: readonly string[]) => channels.map((channel) => `${SECTION}.${channel}`);
    const refused = await refusedTo(network, place, {
      // The servers of this network have JetStream, for others.
      say: [...full([place.maySay, ...place.mayNotSay]), ...JETSTREAM],
      hear: [`${SECTION}.heartbeats`, `${SECTION}.decisions`, 'witan.>'],
    });
    expect(refused).toEqual({
      say: [...full(place.mayNotSay), ...JETSTREAM],
      hear: [`${SECTION}.decisions`, 'witan.>'],
    });
  });

  test('gateways sign for who has a key, and no more for who had one', async () => {
    const [known, other] = [secrets.apiKey, randomBytes(32).toString('hex')];
    const asked = async (apiKey: string): Promise<string> => {
      const api = await network.api(apiKey);
      return api.attest({ body: { payload: 'aGVsbG8' } }).then(
        () => 'signed',
        (error: unknown) => asWitanError(error).code,
      );
    };
    const is = (what: string, apiKey: string, outcome: string) =>
      eventually(
        what,
        async () => {
          expect(await asked(apiKey)).toBe(outcome);
          return true;
        },
        patience,
      );
    await is('a key that is not in the Secret is refused', other, 'WITAN_ERR_UNAUTHENTICATED');
    await secrets.allow(known, other);
    await network.haveSecretsRead();
    await is('it counts when it is in there', other, 'signed');
    await secrets.allow(known);
    await network.haveSecretsRead();
    await is('it is refused when it is not', other, 'WITAN_ERR_UNAUTHENTICATED');
    await network.attested();
  });

  test('a container of a node holds its own seed and sealing key, and those of no other', async () => {
    for (const container of ['elder', 'adult']) {
      const look = 'cat "$WITAN_NATS_NKEY_FILE"; find / -name "*.nk" 2> /dev/null; true';
      const held = await network.kubectl('exec', 'node-3', '-c', container, '--', 'sh', '-c', look);
      const seed = readFileSync(secrets.seedFile(`node-3-${container}`), 'utf8').trim();
      expect(held.split('\n')).toEqual([seed, '/run/witan/nats.nk']);
      const lookForKeys = 'cat "$WITAN_SEALING_KEY_FILE"; find / -name "*.key" -not -name tls.key 2> /dev/null; true';
      const keys = await network.kubectl('exec', 'node-3', '-c', container, '--', 'sh', '-c', lookForKeys);
      expect(keys.split('\n')).toEqual([secrets.sealingKey('node-3'), '/run/secrets/witan/sealing.key']);
    }
  });

  test('certificates are renewed, nothing is restarted, and the section signs all the while', async () => {
    const lives = async () =>
      (await network.pods())
        .flatMap(({ metadata, status }) =>
          status.containerStatuses!.map(({ name, restartCount }) => `${metadata.uid} ${name} ${restartCount}`),
        )
        .sort();
    const before = await lives();
    const renewed = async (): Promise<void> => {
      const began = performance.now();
      await secrets.make('--only', 'certificates');
      await network.haveSecretsRead();
      const all = await listeners(network);
      const wanted = await Promise.all(
        Object.entries(all).map(async ([name, those]) => {
          const { fingerprint256 } = new X509Certificate(await secrets.field(`witan-tls-${name}`, 'tls.crt'));
          return those.flatMap(({ pod, ports }) =>
            ports.map((port) => expect.objectContaining({ at: `${pod}:${port}`, fingerprint: fingerprint256 })),
          );
        }),
      );
      await eventually(
        'every port shows the new certificate of its service',
        async () => {
          expect(await shownBy(network.name, Object.values(all).flat(), secrets)).toEqual(wanted.flat());
          return true;
        },
        patience,
      );
      await eventually('every service has connected to NATS anew', () => areAllAnew(network), patience);
      figure('certificates renewed everywhere', performance.now() - began);
    };
    expectGoingOn(await served(network, renewed()));
    expect(await lives()).toEqual(before);
  });
}
