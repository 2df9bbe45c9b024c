import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { refusedTo, shownBy } from './in-pod.ts';
import { type Network, patience } from './network.ts';
import type { Secrets } from './secrets.ts';

const SECTION = 'witan.local.section.root';
const NATS = ['nats-0.nats', 'nats-1.nats', 'nats-2.nats'];
/** Every port that something listens on, and whose certificate it shows. */
const PORTS: Readonly<Record<string, readonly string[]>> = {
  nats: NATS.flatMap((host) => [`${host}:4222`, `${host}:6222`, `${host}:8222`]),
  node: ['node-0.node:9464', 'node-0.node:9465', 'node-8.node:9464', 'node-8.node:9465'],
  gateway: ['gateway:443', 'localhost:9467'],
};
const ALL_PORTS = Object.values(PORTS).flat();

/** What a section with `k8s/components/bus-security` keeps from whom. */
export function securityTests(network: Network, secrets: Secrets): void {
  test('every port takes TLS alone, and NATS no clients without a certificate', async () => {
    const shown = await shownBy(network, ALL_PORTS);
    expect(shown.map(({ at }) => at)).toEqual(ALL_PORTS);
    const servers = shown.filter(({ at }) => at.endsWith(':4222'));
    expect(servers).toHaveLength(NATS.length);
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
      say: full([place.maySay, ...place.mayNotSay]),
      hear: [`${SECTION}.heartbeats`, `${SECTION}.decisions`, 'witan.>'],
    });
    expect(refused).toEqual({ say: full(place.mayNotSay), hear: [`${SECTION}.decisions`, 'witan.>'] });
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
      await secrets.make('--only', 'certificates');
      await network.haveSecretsRead();
      const wanted = await Promise.all(
        Object.entries(PORTS).map(async ([name, ports]) => {
          const { fingerprint256 } = new X509Certificate(await secrets.field(`witan-tls-${name}`, 'tls.crt'));
          return ports.map((at) => expect.objectContaining({ at, fingerprint: fingerprint256 }));
        }),
      );
      await eventually(
        'every port shows the new certificate of its service',
        async () => {
          expect(await shownBy(network, ALL_PORTS)).toEqual(wanted.flat());
          return true;
        },
        patience,
      );
    };
    expect(await network.signsWhile(renewed())).toBeGreaterThan(1);
    await eventually(
      'every service has connected to NATS anew',
      async () => {
        const logs = await network.serviceLogs();
        const anew = logs.filter(
          (line) => line.includes('"event":"certificates"') && line.includes('a new connection'),
        );
        const services = new Set(anew.map((line) => line.split(' ')[0]));
        return services.size === (await network.containers()).length;
      },
      patience,
    );
    expect(await lives()).toEqual(before);
  });
}
