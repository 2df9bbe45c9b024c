import type { Section } from '@witan/api';
import { eventually } from '../support/eventually.ts';
import { isReady, Namespace, type Pod } from '../support/kube.ts';

export const NODES = 9;
const ELDERS = 7;
/** Of a busy machine. */
export const patience = { withinMs: 240_000, everyMs: 500 };

export const namesOf = (pods: readonly Pod[]): string[] => pods.map(({ metadata }) => metadata.name);

/** The containers of pods that have ended at least once, as they last did. */
export const endsOf = (pods: readonly Pod[]) =>
  pods.flatMap(({ status }) =>
    (status.containerStatuses ?? []).flatMap(({ lastState: { terminated } }) => terminated ?? []),
  );

/** The Witan network in a namespace. */
export class Network extends Namespace {
  async section(): Promise<Section> {
    return (await this.api()).section({ prefix: 'root' });
  }

  async genesisKey(): Promise<string | null> {
    return (await (await this.api()).network()).genesisKey;
  }

  /** All that are wanted are elders, live, with a usable share, and every pod is ready. */
  settled(): Promise<Section> {
    return eventually(
      'seven elders can sign, and every pod is ready',
      async () => {
        const found = await this.section();
        const able = found.elders.filter(({ live, usableShare }) => live && usableShare).length;
        if (able < ELDERS || found.members.length < NODES) {
          throw new Error(`${able} of ${found.elders.length} elders able, ${found.members.length} members`);
        }
        const unready = namesOf((await this.pods()).filter((pod) => !isReady(pod)));
        if (unready.length > 0) throw new Error(`not ready: ${unready}`);
        return found;
      },
      patience,
    );
  }

  /** Something is signed, at the latest after so many tries as a client would make. */
  attested(): Promise<unknown> {
    const attest = async () => (await this.api()).attest({ body: { payload: 'aGVsbG8' } });
    return eventually('something is signed', attest, { withinMs: 60_000, everyMs: 100 });
  }

  /** The pods of elders, in the section's order, and nobody else's. */
  async elderPods(): Promise<readonly string[]> {
    const nodes = namesOf(await this.pods('node'));
    const podOf = new Map(await Promise.all(nodes.map(async (pod) => [await this.nameOf(pod), pod] as const)));
    return (await this.section()).elders.map(({ name }) => podOf.get(name)!);
  }

  /** The name of the node whose pod this is, which every line of its log has. */
  nameOf(pod: string): Promise<string> {
    const said = async () =>
      /"node":"([0-9a-f]{64})"/.exec(await this.kubectl('logs', pod, '-c', 'elder', '--tail=50'))?.[1];
    return eventually(`${pod} says its name`, said, { withinMs: 60_000, everyMs: 500 });
  }

  /** The containers that are services, of pods that are to stay. */
  async containers(): Promise<Pod['spec']['containers']> {
    const isOurs = ({ metadata: { labels, deletionTimestamp } }: Pod) =>
      labels['app.kubernetes.io/name'] === 'witan' && deletionTimestamp === undefined;
    return (await this.pods()).filter(isOurs).flatMap(({ spec }) => spec.containers);
  }

  /** All lines of all services, each after its `[pod/NAME/CONTAINER]`. */
  async serviceLogs(): Promise<string[]> {
    const those = ['--all-containers', '--prefix', '--tail=-1', '-l', 'app.kubernetes.io/name=witan'];
    return (await this.kubectl('logs', ...those, '--max-log-requests=40')).split('\n');
  }

  async isAllReady(component: string): Promise<boolean> {
    return (await this.pods(component)).every(isReady);
  }

  /** Changes of Secrets reach the files in pods with the next look that is taken at the pod; this brings it about. */
  async haveSecretsRead(): Promise<void> {
    await this.kubectl('annotate', 'pods', '--all', '--overwrite', `witan/secrets=${Date.now()}`);
  }
}
