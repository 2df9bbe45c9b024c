import { apply, kubectl } from '../support/kube.ts';

/** Of these volumes alone, so that none is provided for their claims. */
const NO_CLASS = '';
const SIZE = '1Gi';

/**
 * Claims of nodes, made before the nodes are, and their volumes: each is a small disk in memory that `with-cluster.sh` has
 * mounted on the cluster's host, in the folders `0`, `1`, … of `WITAN_TEST_KUBE_DISKS`.
 */
export class SmallDisks {
  readonly #folder = process.env.WITAN_TEST_KUBE_DISKS;
  readonly #namespace: string;
  readonly #claims: readonly string[];

  constructor(namespace: string, claims: readonly string[]) {
    this.#namespace = namespace;
    this.#claims = claims;
  }

  async make(): Promise<void> {
    if (this.#folder === undefined) return;
    const accessModes = ['ReadWriteOnce'];
    const volumes = this.#claims.map((claim, index) => ({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: this.#nameOf(claim) },
      spec: {
        // What nodes ask for; the disk is smaller.
        capacity: { storage: SIZE },
        accessModes,
        storageClassName: NO_CLASS,
        hostPath: { path: `${this.#folder}/${index}` },
        claimRef: { namespace: this.#namespace, name: claim },
      },
    }));
    const claims = this.#claims.map((name) => ({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace: this.#namespace },
      spec: {
        accessModes,
        storageClassName: NO_CLASS,
        volumeName: this.#nameOf(name),
        resources: { requests: { storage: SIZE } },
      },
    }));
    await apply(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [...volumes, ...claims] }));
  }

  async remove(): Promise<void> {
    if (this.#folder === undefined) return;
    const names = this.#claims.map((claim) => this.#nameOf(claim));
    await kubectl('delete', 'persistentvolume', ...names, '--ignore-not-found', '--wait=false');
  }

  #nameOf(claim: string): string {
    return `${this.#namespace}-${claim}`;
  }
}
