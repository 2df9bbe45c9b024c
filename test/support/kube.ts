import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Client, createClient } from '@witan/api';
import { freePort } from './free-port.ts';

const MAX_OUTPUT = 64 * 1024 * 1024;
const FORWARD_AGAIN_MS = 200;
const run = promisify(execFile);
const NO_KUBECTL = 'kubectl is missing: https://kubernetes.io/docs/tasks/tools/';

export const K8S = fileURLToPath(new URL('../../k8s', import.meta.url));

function works(...args: readonly string[]): boolean {
  return spawnSync('kubectl', args, { stdio: 'ignore', timeout: 20_000 }).status === 0;
}

/** Why the manifests cannot be put together here; nothing if they can. */
export function whyNoKubectl(): string | undefined {
  return works('version', '--client') ? undefined : NO_KUBECTL;
}

/** Why nothing can be tried on a cluster here, and what to do about it; nothing if it can. */
export function whyNoCluster(): string | undefined {
  const why = whyNoKubectl();
  if (why) return why;
  if (process.env.WITAN_TEST_KUBE !== 'current') {
    return 'no cluster is named: test/kube/with-cluster.sh starts one for them; or WITAN_TEST_KUBE=current, for that of the current kubeconfig';
  }
  return works('get', '--raw', '/readyz')
    ? undefined
    : 'the cluster of the current kubeconfig does not answer; without WITAN_TEST_KUBE, test/kube/with-cluster.sh starts one';
}

/** @returns what it wrote to standard output. @throws with all that it wrote, when it fails */
export async function kubectl(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('kubectl', args, { maxBuffer: MAX_OUTPUT });
  return stdout.trim();
}

/** What kubectl gives as its reason in the end, after all that it tried, or that there is none. */
export function whyFailed(error: unknown): string {
  const { code, stderr, message } = error as { code?: unknown; stderr?: string; message: string };
  if (code === 'ENOENT') return NO_KUBECTL;
  return stderr?.trim().split('\n').at(-1) || message;
}

/** @param input what it reads from standard input */
export async function kubectlOf(input: string, ...args: readonly string[]): Promise<string> {
  const running = run('kubectl', args, { maxBuffer: MAX_OUTPUT });
  running.child.stdin!.end(input);
  return (await running).stdout.trim();
}

/** @param manifest YAML or JSON */
export function apply(manifest: string, ...args: readonly string[]): Promise<string> {
  return kubectlOf(manifest, 'apply', '-f', '-', ...args);
}

export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec: {
    readonly shareProcessNamespace?: boolean;
    readonly containers: readonly { readonly name: string; readonly image: string }[];
  };
  readonly status: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly ready: boolean;
      readonly restartCount: number;
      readonly state: { readonly running?: { readonly startedAt: string } };
      readonly lastState: { readonly terminated?: { readonly exitCode: number; readonly message?: string } };
    }[];
  };
}

export const isReady = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  (status.conditions ?? []).some((each) => each.type === 'Ready' && each.status === 'True');

/** One namespace of a cluster, as a person with kubectl sees it. */
export class Namespace {
  readonly name: string;
  #forward: ChildProcess | undefined;
  #port: number | undefined;
  readonly #caFile: string | undefined;
  /** Where gateways sign for those alone who have one. */
  readonly apiKey: string | undefined;
  #closed = false;

  /** @param caFile where gateways take TLS alone: what their certificates are checked with */
  constructor(name: string, { caFile, apiKey }: { readonly caFile?: string; readonly apiKey?: string } = {}) {
    this.name = name;
    this.#caFile = caFile;
    this.apiKey = apiKey;
  }

  kubectl(...args: readonly string[]): Promise<string> {
    return kubectl('-n', this.name, ...args);
  }

  /** @param component `node`, `gateway`, …; all unless given */
  async pods(component?: string): Promise<readonly Pod[]> {
    const labels = [
      'app.kubernetes.io/part-of=witan',
      ...(component ? [`app.kubernetes.io/component=${component}`] : []),
    ];
    const list = await this.kubectl('get', 'pods', '-o', 'json', '-l', labels.join(','));
    return (JSON.parse(list) as { items: Pod[] }).items;
  }

  /** Ends them at once, as the loss of their hosts would. */
  async kill(...pods: readonly string[]): Promise<void> {
    await this.kubectl('delete', 'pod', '--grace-period=0', '--force', '--wait=false', ...pods);
  }

  /** A client of the gateways' service; goes over to another pod when the one that it had is gone. */
  async api(apiKey = this.apiKey): Promise<Client> {
    if (!this.#forward) {
      if (this.#caFile) setDefaultCACertificates([...getCACertificates(), readFileSync(this.#caFile, 'utf8')]);
      this.#port ??= await freePort();
      this.#keepForwarding(this.#port);
    }
    const headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
    return createClient(`${this.scheme}://localhost:${this.#port}`, { timeoutMs: 20_000, headers });
  }

  /** Where a gateway is whose port is one of this machine. */
  get scheme(): 'http' | 'https' {
    return this.#caFile ? 'https' : 'http';
  }

  close(): void {
    this.#closed = true;
    this.#forward?.kill('SIGKILL');
  }

  #keepForwarding(port: number): void {
    const args = ['-n', this.name, 'port-forward', 'service/gateway', `${port}:${this.#caFile ? 443 : 80}`];
    const child = spawn('kubectl', args, { stdio: 'ignore' });
    this.#forward = child;
    child.once('exit', () => {
      if (!this.#closed) setTimeout(() => this.#keepForwarding(port), FORWARD_AGAIN_MS);
    });
  }
}
