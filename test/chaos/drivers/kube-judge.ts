import { get } from 'node:https';
import { text } from 'node:stream/consumers';
import { CODES } from '@witan/errors';
import { defectsOf } from '../../support/defects.ts';
import { Scrape, scrape } from '../../support/exposition.ts';
import { isReady, type Namespace, type Pod } from '../../support/kube.ts';
import type { ServiceKind } from '../../support/service-process.ts';
import { LogJudge } from '../log-judge.ts';
import { namesOf, type Part } from '../world.ts';
import { Forward } from './forwards.ts';

/** Containers with a metrics port, and it. */
const METRICS: Readonly<Record<ServiceKind, number>> = {
  adult: 9464,
  elder: 9465,
  'dkg-coordinator': 9466,
  gateway: 9467,
};
const WITAN = 'app.kubernetes.io/part-of=witan';
const NODES = 'app.kubernetes.io/component=node';
/** In the certificate of every metrics port, as `deploy/nats/kube-secrets.sh` makes them. */
const METRICS_NAME = 'witan-metrics';
const AT_ONCE = 200;
/** Of ports, at a time. */
const FORWARDS = 4;
const ANSWER_MS = 5_000;
const PREFIXED = /^\[pod\/([^/\]]+)\/([^\]]+)\] (\{.*)$/;
const patience = { withinMs: 60_000, everyMs: 250 };
const isService = (name: string): name is ServiceKind => name in METRICS;

/** What the pods of a run tell that must not be; of what they were before it, nothing. */
export class KubeJudge {
  readonly #namespace: Namespace;
  readonly #scheme: 'http' | 'https';
  readonly #logs = new LogJudge();
  /** How often each container had ended before the run, by the uid of its pod. */
  readonly #before = new Map<string, number>();
  #heardUntil = new Date();

  constructor(namespace: Namespace, scheme: 'http' | 'https') {
    this.#namespace = namespace;
    this.#scheme = scheme;
  }

  /** The run begins. */
  async begin(pods: readonly Pod[]): Promise<void> {
    this.#heardUntil = new Date();
    // What elders have was told when they got it, which may be long ago; of a log that is too long it is told at the next start.
    const before = await this.#lines('-l', NODES, '-c', 'elder').catch(() => []);
    for (const [, , fields] of before) this.#logs.learn(fields);
    for (const { metadata, status } of pods) {
      for (const { name, restartCount } of status.containerStatuses ?? []) {
        this.#before.set(`${metadata.uid}/${name}`, restartCount);
      }
    }
  }

  /** Who has no room tells it from now on. */
  async beforeFilling(): Promise<void> {
    await this.#hear();
    this.#logs.forgetNoRoom();
  }

  async withoutRoom(parts: readonly Part[]): Promise<readonly string[]> {
    await this.#hear();
    const said = [...this.#logs.noRoom].map((who) => who.split('/')[0]!);
    return namesOf(parts).filter((name) => said.includes(name));
  }

  async complaints(pods: readonly Pod[]): Promise<readonly string[]> {
    await this.#hear();
    const counted: string[][] = [];
    // What is not ready yet is asked after the next fault.
    const ready = pods.filter(isReady);
    for (let i = 0; i < ready.length; i += FORWARDS) {
      counted.push(...(await Promise.all(ready.slice(i, i + FORWARDS).map((pod) => this.#countedBy(pod)))));
    }
    return [...this.#restartsOf(pods), ...this.#logs.complaints(), ...counted.flat()];
  }

  /**
   * Containers that ended without their pod having been killed. One that found its data in use has not failed: a pod that is
   * deleted without grace is replaced before its processes are gone, and the volume is theirs until then.
   */
  #restartsOf(pods: readonly Pod[]): string[] {
    return pods.flatMap(({ metadata, status }) =>
      (status.containerStatuses ?? [])
        .filter(({ name, restartCount }) => restartCount > (this.#before.get(`${metadata.uid}/${name}`) ?? 0))
        .filter(({ lastState }) => lastState.terminated?.exitCode !== CODES.WITAN_ERR_LOCKED.exit)
        .map(({ name, lastState }) => {
          const { exitCode, message } = lastState.terminated ?? { exitCode: '?', message: undefined };
          return `${metadata.name}/${name} has ended by itself with ${exitCode}: ${message ?? 'it said nothing'}`;
        }),
    );
  }

  /** Of pods that are there no more nothing is left to hear. */
  async #hear(): Promise<void> {
    const since = this.#heardUntil.toISOString();
    this.#heardUntil = new Date();
    const lines = await this.#lines('-l', WITAN, '--all-containers', `--since-time=${since}`);
    for (const [pod, container, fields] of lines) this.#logs.hearText(`${pod}/${container}`, fields);
  }

  async #lines(...which: readonly string[]): Promise<(readonly [pod: string, container: string, fields: string])[]> {
    const how = ['--prefix', '--tail=-1', `--max-log-requests=${AT_ONCE}`, '--ignore-errors'];
    const lines = await this.#namespace.kubectl('logs', ...which, ...how);
    return lines.split('\n').flatMap((line) => {
      const [, pod, container, fields] = PREFIXED.exec(line) ?? [];
      return fields === undefined ? [] : [[pod!, container!, fields] as const];
    });
  }

  async #countedBy({ metadata, spec }: Pod): Promise<string[]> {
    const services = spec.containers.map(({ name }) => name).filter(isService);
    if (services.length === 0) return [];
    const found: string[] = [];
    const forward = await Forward.open(
      this.#namespace.name,
      metadata.name,
      services.map((service) => METRICS[service]),
    );
    try {
      for (const [index, service] of services.entries()) {
        const port = forward.ports[index]!;
        const told = await defectsOf(service, () => scrapeAt(this.#scheme, port), patience);
        found.push(...told.map((each) => `${metadata.name}/${service}: ${each}`));
      }
    } finally {
      forward.close();
    }
    return found;
  }
}

function scrapeAt(scheme: 'http' | 'https', port: number): Promise<Scrape> {
  if (scheme === 'http') return scrape(`http://localhost:${port}`);
  const address = { host: 'localhost', port, path: '/metrics', servername: METRICS_NAME };
  const { promise, resolve, reject } = Promise.withResolvers<Scrape>();
  const request = get({ ...address, signal: AbortSignal.timeout(ANSWER_MS) }, (response) => {
    text(response).then((body) => resolve(new Scrape(body)), reject);
  });
  request.once('error', reject);
  return promise;
}
