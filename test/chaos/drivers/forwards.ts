import { type ChildProcess, spawn } from 'node:child_process';
import { freePort } from '../../support/free-port.ts';

interface Forward {
  readonly port: number;
  readonly child: ChildProcess;
}

/** A port of this machine for each gateway pod, as pods come and go. */
export class Forwards {
  readonly #namespace: string;
  readonly #open = new Map<string, Forward>();

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  get urls(): readonly string[] {
    return [...this.#open.values()].map(({ port }) => `http://127.0.0.1:${port}`);
  }

  /** Opens one to each of these pods and closes those to others. */
  async follow(pods: readonly string[]): Promise<void> {
    for (const [pod, { child }] of this.#open) if (!pods.includes(pod)) child.kill('SIGKILL');
    for (const pod of pods) if (!this.#open.has(pod)) this.#forward(pod, await freePort());
  }

  close(): void {
    for (const { child } of this.#open.values()) child.kill('SIGKILL');
    this.#open.clear();
  }

  #forward(pod: string, port: number): void {
    const args = ['-n', this.#namespace, 'port-forward', `pod/${pod}`, `${port}:8080`];
    const child = spawn('kubectl', args, { stdio: 'ignore' });
    this.#open.set(pod, { port, child });
    child.once('exit', () => {
      if (this.#open.get(pod)?.child === child) this.#open.delete(pod);
    });
  }
}
