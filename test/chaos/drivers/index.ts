import type { World } from '../world.ts';
import { DockerWorld } from './docker.ts';
import { KubeWorld } from './kube.ts';
import { LocalWorld } from './local.ts';

export type DriverName = 'local' | 'docker' | 'kube';

export interface WorldOptions {
  /** Of a network of its own. */
  readonly nodes: number;
  readonly seed: number;
  /** Of Kubernetes. */
  readonly namespace: string;
  /** Of Kubernetes: what an upgrade rolls out. */
  readonly image?: string | undefined;
  /** Of Kubernetes: who signs the certificates of gateways. */
  readonly ca?: string | undefined;
  /** Of local processes: what they log is written there as they log it. */
  readonly logs?: string | undefined;
}

/** Nothing is started yet. */
export async function openWorld(driver: DriverName, options: WorldOptions): Promise<World> {
  if (driver === 'docker') return new DockerWorld();
  return driver === 'local' ? new LocalWorld(options) : KubeWorld.open(options);
}
