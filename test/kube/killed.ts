import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { figure } from '../support/figures.ts';
import { isReady, type Pod } from '../support/kube.ts';
import { type Network, namesOf, patience } from './network.ts';
import { expectGoingOn, served } from './served.ts';

/** What a section goes on through, and comes back from. */
export function killedTests(network: Network): void {
  const nodePod = async (name: string): Promise<Pod | undefined> =>
    (await network.pods('node')).find(({ metadata }) => metadata.name === name);

  test('goes on signing when an elder is killed, who is back with its share of the same key', async () => {
    const before = await network.section();
    const [victim] = await network.elderPods();
    const { uid } = (await nodePod(victim!))!.metadata;
    const back = async (): Promise<void> => {
      await network.kill(victim!);
      const pod = await eventually(
        `${victim} is back and ready`,
        async () => {
          const found = await nodePod(victim!);
          return found && found.metadata.uid !== uid && isReady(found) && found;
        },
        patience,
      );
      const { state } = pod.status.containerStatuses!.find(({ name }) => name === 'elder')!;
      const started = Date.parse(state.running!.startedAt);
      figure('a killed elder pod: start of its container to a usable share', Date.now() - started, {
        targetMs: 10_000,
      });
    };
    expectGoingOn(await served(network, back()));
    const after = await network.settled();
    expect(after.key).toBe(before.key);
    expect(await network.elderPods()).toContain(victim);
  });

  test('two elders, a NATS server, a gateway and a coordinator killed at once: what is asked is answered, all heal', async () => {
    const before = await network.section();
    const one = async (component: string) => namesOf(await network.pods(component))[0]!;
    const elders = (await network.elderPods()).slice(1, 3);
    const victims = [...elders, 'nats-1', await one('gateway'), await one('dkg-coordinator')];
    const healed = async (): Promise<void> => {
      const began = performance.now();
      await network.kill(...victims);
      expect((await network.settled()).key).toBe(before.key);
      const what = 'two elders, a NATS server, a gateway and a coordinator killed at once: healed';
      figure(what, performance.now() - began, { targetMs: 30_000 });
    };
    expectGoingOn(await served(network, healed()));
  });

  test('every pod killed at once: the same chain, and usable shares', async () => {
    const before = await network.section();
    const genesis = await network.genesisKey();
    const began = performance.now();
    await network.kill(...namesOf(await network.pods()));
    const after = await network.settled();
    figure('every pod killed at once: healed', performance.now() - began);
    expect([after.key, await network.genesisKey()]).toEqual([before.key, genesis]);
    expect(after.elders.map(({ name }) => name)).toEqual(before.elders.map(({ name }) => name));
    await network.attested();
  });
}
