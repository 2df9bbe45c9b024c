import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CODES } from '@witan/errors';
import { expect, test } from 'vitest';
import { Authority, type CertificateFiles } from '../support/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { isReady, type Pod } from '../support/kube.ts';
import { deploy } from './deploy.ts';
import { refusedTo } from './in-pod.ts';
import { endsOf, type Network, NODES, namesOf, patience } from './network.ts';
import { SEALING_KEYS, SEEDS, type Secrets } from './secrets.ts';
import { swapVolumes } from './volumes.ts';

/** What people get wrong, and disks lose. Whatever it is, the others go on, and it heals when it is put right. */
export function badInputTests(network: Network, secrets: Secrets, overlay: string): void {
  const last = `node-${NODES - 1}`;
  const lastNode = async () => (await network.pods('node')).filter(({ metadata }) => metadata.name === last);

  test('a missing Secret and a wrong sealing key are named by the pod that has them', async () => {
    const before = await network.section();
    await network.kubectl('delete', 'secret', SEALING_KEYS);
    await network.kill(last);
    await eventually(
      'the pod says that the Secret is missing',
      async () => {
        const events = await network.kubectl('get', 'events', '-o', 'jsonpath={.items[*].message}');
        return events.includes(`secret "${SEALING_KEYS}" not found`);
      },
      patience,
    );
    await network.attested();
    await secrets.seal({ [last]: undefined });
    await eventually(
      'the pod says that its own key is missing in it',
      async () => {
        const log = await network.kubectl('logs', last, '-c', 'sealing-key');
        return log.includes(`waits for ${last}.key in the Secret ${SEALING_KEYS}`);
      },
      patience,
    );
    const wrong = randomBytes(32).toString('hex');
    await secrets.seal({ [last]: wrong });
    await network.haveSecretsRead();
    const { message } = await eventually(
      'a service has refused the key',
      async () => endsOf(await lastNode()).find(({ exitCode }) => exitCode === CODES.WITAN_ERR_SEALED.exit),
      patience,
    );
    expect(message).toContain('WITAN_ERR_SEALED');
    expect(message).not.toContain(wrong);
    expect((await network.pods('node')).filter(isReady)).toHaveLength(NODES - 1);
    await network.attested();
    await secrets.seal();
    await network.kill(last);
    expect((await network.settled()).key).toBe(before.key);
  });

  test('a seed that is missing in the Secret is named by the pod, which goes on when it is there', async () => {
    const seed = `${last}-adult.nk`;
    const without = JSON.stringify([{ op: 'remove', path: `/data/${seed}` }]);
    await network.kubectl('patch', 'secret', SEEDS, '--type=json', '-p', without);
    await network.kill(last);
    await eventually(
      'the pod says that its seed is missing',
      async () => {
        const log = await network.kubectl('logs', last, '-c', 'seeds');
        return log.startsWith(`waits for ${seed} in the Secret ${SEEDS}: `) && log.includes(`--nodes ${NODES},`);
      },
      patience,
    );
    await secrets.make('--only', 'users');
    await network.haveSecretsRead();
    await network.settled();
    const statuses = (await lastNode()).flatMap(({ status }) => status.containerStatuses!);
    expect(statuses.map(({ restartCount }) => restartCount)).toEqual([0, 0]);
  });

  test('certificates that have expired or are of another authority are named, and nothing spins', async () => {
    const name = 'witan-tls-dkg-coordinator';
    const fields = ['ca.crt', 'tls.crt', 'tls.key'] as const;
    const [ca, cert, key] = await Promise.all(fields.map((field) => secrets.field(name, field)));
    const put = async ({ certFile, keyFile }: CertificateFiles): Promise<void> => {
      const [bad, badKey] = [certFile, keyFile].map((file) => readFileSync(file, 'utf8'));
      await secrets.replace(name, { 'ca.crt': ca!, 'tls.crt': bad!, 'tls.key': badKey! });
      await network.haveSecretsRead();
    };
    const says = (text: RegExp) =>
      eventually(
        `both coordinators say ${text}`,
        async () => {
          const pods = await network.pods('dkg-coordinator');
          const logs = await Promise.all(namesOf(pods).map((pod) => network.kubectl('logs', pod)));
          return pods.length === 2 && logs.every((log) => text.test(log));
        },
        patience,
      );
    const foreign = new Authority(secrets.folder, 'foreign');
    await put(foreign.issue('expired', { toMs: -1000 }));
    await network.kill(...namesOf(await network.pods('dkg-coordinator')));
    await says(/WITAN_ERR_CERTIFICATE.*has expired at/);
    await put(foreign.issue('of another authority'));
    await says(/WITAN_ERR_CERTIFICATE.*ended the TLS handshake/);
    expect((await network.pods('dkg-coordinator')).filter(isReady)).toEqual([]);
    await network.attested();

    await secrets.replace(name, { 'ca.crt': ca!, 'tls.crt': cert!, 'tls.key': key! });
    await network.haveSecretsRead();
    await eventually('both are ready', () => network.isAllReady('dkg-coordinator'), patience);
    const restarts = (await network.pods('dkg-coordinator')).flatMap(({ status }) =>
      status.containerStatuses!.map(({ restartCount }) => restartCount),
    );
    expect(restarts).toEqual([0, 0]);
  });

  test('a pod with a wrong setting says which, and the others go on', async () => {
    await network.kubectl('set', 'env', 'deployment/dkg-coordinator', 'WITAN_PHASE_DEADLINE_MS=soon');
    try {
      const { message } = await eventually(
        'a coordinator has ended',
        async () =>
          endsOf(await network.pods('dkg-coordinator')).find(
            ({ exitCode }) => exitCode === CODES.WITAN_ERR_CONFIG.exit,
          ),
        patience,
      );
      expect(message).toContain('WITAN_PHASE_DEADLINE_MS="soon"');
      expect((await network.pods('dkg-coordinator')).filter(isReady)).toHaveLength(2);
    } finally {
      await network.kubectl('rollout', 'undo', 'deployment/dkg-coordinator');
    }
  });

  test('a node that is bound to its name, and on the volume of another, does not open it', async () => {
    await network.settled();
    const genesis = await network.genesisKey();
    const nodes = ['node-7', 'node-8'] as const;
    const nameOf = async (node: string): Promise<string> => {
      const logs = await network.kubectl('logs', node, '-c', 'elder');
      return /"node":"([0-9a-f]{64})".*"event":"ready"/.exec(logs)![1]!;
    };
    const names = await Promise.all(nodes.map(nameOf));
    // From now on each node answers for its own name alone.
    await secrets.make('--only', 'users', '--bind');
    await network.haveSecretsRead();
    const [own, other] = names.map((name) => `witan.local.node.${name}.elder.sign`);
    const place = { pod: nodes[0], container: 'elder' };
    await eventually(
      'who gets into an elder is asked in the place of no other',
      async () => {
        expect(await refusedTo(network, place, { say: [], hear: [own!, other!] })).toEqual({ say: [], hear: [other] });
        return true;
      },
      patience,
    );
    await swapVolumes(network, [...nodes]);
    await deploy(overlay);
    const isOneOfThem = ({ metadata }: Pod) => nodes.some((node) => node === metadata.name);
    await eventually(
      'both refuse to open what another key has sealed',
      async () => {
        const pods = (await network.pods('node')).filter(isOneOfThem);
        const isRefused = (pod: Pod) => endsOf([pod]).some(({ exitCode }) => exitCode === CODES.WITAN_ERR_SEALED.exit);
        return pods.length === nodes.length && pods.every(isRefused);
      },
      patience,
    );
    expect((await network.pods('node')).filter(isOneOfThem).filter(isReady)).toEqual([]);
    await network.attested();

    await swapVolumes(network, [...nodes]);
    await deploy(overlay);
    await network.settled();
    expect(await Promise.all(nodes.map(nameOf))).toEqual(names);
    expect(await network.genesisKey()).toBe(genesis);
  });

  // At the end: the elder that it was is gone for good, and stays one for two minutes more.
  test('the first node with an empty volume joins again, and there is no second network', async () => {
    const genesis = await network.genesisKey();
    const members = new Set((await network.section()).members.map(({ name }) => name));
    // Its backup with it: nothing of the node is left.
    await network.kubectl('delete', 'pvc', 'data-node-0', 'backup-node-0', '--wait=false');
    await network.kill('node-0');
    const newcomer = await eventually(
      'node-0 is a member under another name',
      async () => (await network.section()).members.find(({ name }) => !members.has(name)),
      patience,
    );
    const logs = await network.kubectl('logs', 'node-0', '-c', 'elder');
    expect(logs).toContain(newcomer.name);
    expect(logs).toContain('"event":"founding"');
    expect(logs).not.toMatch(/"action":"genesis".*"source":"own"/);
    expect(await network.genesisKey()).toBe(genesis);
    await network.attested();
  });
}
