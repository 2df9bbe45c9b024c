import { setTimeout as pause } from 'node:timers/promises';
import { supermajority } from '@witan/chain';
import { expect, test } from 'vitest';
import { figure } from '../support/figures.ts';
import { isReady, type Pod } from '../support/kube.ts';
import { imageOf } from './deploy.ts';
import { type Network, NODES } from './network.ts';
import { expectGoingOn, served } from './served.ts';

const IMAGE = imageOf('witan:0.1.0');
const UPGRADE = imageOf('witan:0.1.1');
const CONTAINERS = {
  'statefulset/node': ['elder', 'adult'],
  'deployment/gateway': ['gateway'],
  'deployment/dkg-coordinator': ['dkg-coordinator'],
};

const LOOK_MS = 500;

const isElderReady = ({ status }: Pod): boolean =>
  (status.containerStatuses ?? []).some(({ name, ready }) => name === 'elder' && ready);

export function rolledTests(network: Network): void {
  const services = Object.keys(CONTAINERS);

  /** All run this image, and say that they are of its version. */
  async function rolled(image: string): Promise<void> {
    for (const each of services) await network.kubectl('rollout', 'status', each, '--timeout=280s');
    expect(new Set((await network.containers()).map((each) => each.image))).toEqual(new Set([image]));
    const version = image.split(':').at(-1)!;
    for (const [of, containers] of Object.entries(CONTAINERS)) {
      const pod = of.startsWith('statefulset') ? 'node-0' : of;
      for (const container of containers) {
        const said = await network.kubectl('exec', pod, '-c', container, '--', 'witan-service', container, '--version');
        expect(said.trim(), container).toBe(version);
      }
    }
  }

  /**
   * Looks on while `act` goes on: never two nodes at a time, and always enough elders with a usable share. It ends when
   * `act` does, whatever was seen: nobody else is to meet a roll that goes on.
   */
  async function oneByOne(act: () => Promise<unknown>): Promise<void> {
    // Asked before: the logs of a pod that is being replaced tell nothing.
    const elders = await network.elderPods();
    // One that is unready for a moment, on a machine that has much to do, has not been taken.
    const returned = new Set((await network.pods('node')).map(({ metadata }) => metadata.uid));
    let isOver = false;
    const end = act().finally(() => {
      isOver = true;
    });
    const looksOn = async (): Promise<void> => {
      while (!isOver) {
        const pods = (await network.pods('node')).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
        for (const pod of pods) if (isReady(pod)) returned.add(pod.metadata.uid);
        const there = pods.filter(({ metadata }) => returned.has(metadata.uid));
        expect(there.length, 'nodes that the roll has not taken, or brought back').toBeGreaterThanOrEqual(NODES - 1);
        const able = pods.filter((pod) => elders.includes(pod.metadata.name) && isElderReady(pod));
        expect(able.length - supermajority(elders.length), 'elders to spare').toBeGreaterThanOrEqual(0);
        await Promise.race([end, pause(LOOK_MS)]).catch(() => {});
      }
    };
    const outcomes = await Promise.allSettled([looksOn(), end]);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  test('an upgrade rolls to another version pod by pod, and back, and clients are served all the while', async () => {
    const before = await network.section();
    const thereAndBack = async (): Promise<void> => {
      const began = performance.now();
      await network.kubectl('rollout', 'restart', 'statefulset/nats');
      for (const [service, containers] of Object.entries(CONTAINERS)) {
        await network.kubectl('set', 'image', service, ...containers.map((each) => `${each}=${UPGRADE}`));
      }
      await rolled(UPGRADE);
      for (const service of services) await network.kubectl('rollout', 'undo', service);
      await rolled(IMAGE);
      figure('roll to another version and back', performance.now() - began);
    };
    expectGoingOn(await served(network, oneByOne(thereAndBack)));
    expect((await network.settled()).key).toBe(before.key);
  });
}
