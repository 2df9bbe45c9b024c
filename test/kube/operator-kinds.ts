import { fileURLToPath } from 'node:url';
import { kubectl } from '../support/kube.ts';
import { servedKinds } from './deploy.ts';

const FILE = fileURLToPath(new URL('operator-kinds.yaml', import.meta.url));

/** The kinds of the Prometheus operator, so that a server without it says what one with it would to these manifests. */
export class OperatorKinds {
  #isOurs = false;

  /** Those of an operator that is there are left alone. */
  async make(): Promise<void> {
    if ((await servedKinds()).has('monitoring.coreos.com/v1 PodMonitor')) return;
    this.#isOurs = true;
    await kubectl('apply', '-f', FILE);
    await kubectl('wait', '--for=condition=Established', '--timeout=60s', '-f', FILE);
  }

  async remove(): Promise<void> {
    if (this.#isOurs) await kubectl('delete', '-f', FILE, '--ignore-not-found', '--wait=false');
  }
}
