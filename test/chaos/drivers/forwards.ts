import { type ChildProcess, spawn } from 'node:child_process';
import { freePort } from '../../support/free-port.ts';

const API_PORT = 8080;

/** Ports of a pod on this machine, for as long as it is open and the pod is there. */
export class Forward {
  readonly ports: readonly number[];
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, ports: readonly number[]) {
    this.#child = child;
    this.ports = ports;
    child.on('error', () => {});
  }

  /** It may take a moment until they answer. @param of ports of the pod, in the order of those here */
  static async open(namespace: string, pod: string, of: readonly number[]): Promise<Forward> {
    const ports: number[] = [];
    for (const _ of of) ports.push(await freePort());
    const pairs = of.map((port, index) => `${ports[index]}:${port}`);
    const child = spawn('kubectl', ['-n', namespace, 'port-forward', `pod/${pod}`, ...pairs], { stdio: 'ignore' });
    return new Forward(child, ports);
  }

  onEnd(then: () => void): void {
    this.#child.once('exit', then);
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }
}

/** A port of this machine for each gateway pod, as pods come and go. */
export class Forwards {
  readonly #namespace: string;
  readonly #scheme: 'http' | 'https';
  readonly #open = new Map<string, Forward>();

  constructor(namespace: string, scheme: 'http' | 'https') {
    this.#namespace = namespace;
    this.#scheme = scheme;
  }

  get urls(): readonly string[] {
    // By the name that is in their certificates.
    return [...this.#open.values()].map(({ ports }) => `${this.#scheme}://localhost:${ports[0]}`);
  }

  /** Opens one to each of these pods and closes those to others. */
  async follow(pods: readonly string[]): Promise<void> {
    for (const [pod, forward] of this.#open) if (!pods.includes(pod)) forward.close();
    for (const pod of pods) {
      if (this.#open.has(pod)) continue;
      const forward = await Forward.open(this.#namespace, pod, [API_PORT]);
      this.#open.set(pod, forward);
      forward.onEnd(() => {
        if (this.#open.get(pod) === forward) this.#open.delete(pod);
      });
    }
  }

  close(): void {
    for (const forward of this.#open.values()) forward.close();
    this.#open.clear();
  }
}
