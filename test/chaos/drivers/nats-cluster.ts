import { connect } from 'node:net';
import { type NatsServer, startNatsServer } from '@witan/bus';
import { freePort } from '../../support/free-port.ts';

const GREETING_MS = 5_000;

interface Ports {
  readonly client: number;
  readonly cluster: number;
}

/** NATS servers on loopback that pass on to each other what their clients say; each keeps its ports over its deaths. */
export class NatsCluster {
  readonly #config: string;
  readonly #ports: readonly Ports[];
  /** Who ended without being told to. */
  readonly falls: string[] = [];
  readonly #running = new Map<number, NatsServer>();

  private constructor(config: string, ports: readonly Ports[]) {
    this.#config = config;
    this.#ports = ports;
  }

  static async start(size: number, config: string): Promise<NatsCluster> {
    const ports: Ports[] = [];
    for (let i = 0; i < size; i++) ports.push({ client: await freePort(), cluster: await freePort() });
    const cluster = new NatsCluster(config, ports);
    await Promise.all(ports.map((_, index) => cluster.revive(index)));
    return cluster;
  }

  get size(): number {
    return this.#ports.length;
  }

  /** Of all of them, for clients. */
  get urls(): string {
    return this.#ports.map(({ client }) => `nats://127.0.0.1:${client}`).join(',');
  }

  /** The port of one that runs, another one each time; of a dead one where none does. */
  nextPort(turn: number): number {
    const alive = this.#ports.filter((_, index) => this.#running.has(index));
    const among = alive.length === 0 ? this.#ports : alive;
    return among[turn % among.length]!.client;
  }

  /** Those that do not greet. */
  async unready(): Promise<readonly number[]> {
    const greeted = await Promise.all(this.#ports.map(({ client }) => greets(client)));
    return this.#ports.map((_, index) => index).filter((index) => !greeted[index]);
  }

  async kill(index: number): Promise<void> {
    await this.#take(index)?.kill();
  }

  /** In order. */
  async stop(index: number): Promise<void> {
    await this.#take(index)?.stop();
  }

  /** From now on its end is expected. */
  #take(index: number): NatsServer | undefined {
    const server = this.#running.get(index);
    this.#running.delete(index);
    return server;
  }

  async revive(index: number): Promise<void> {
    if (this.#running.has(index)) return;
    const { client, cluster } = this.#ports[index]!;
    const routes = this.#ports.map((each) => `nats://127.0.0.1:${each.cluster}`).join(',');
    const server = await startNatsServer({
      port: client,
      config: this.#config,
      // Clients go where they were told to: some have a line that can be cut.
      args: [
        '--cluster_name',
        'chaos',
        '--cluster',
        `nats://127.0.0.1:${cluster}`,
        '--routes',
        routes,
        '--no_advertise',
      ],
    });
    this.#running.set(index, server);
    void server.exited.then(() => {
      if (this.#running.get(index) !== server) return;
      this.#running.delete(index);
      this.falls.push(`nats-${index} has ended by itself`);
    });
  }
}

function greets(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ port, host: '127.0.0.1', timeout: GREETING_MS });
  socket.once('data', () => resolve(true));
  for (const event of ['error', 'timeout', 'close'] as const) socket.once(event, () => resolve(false));
  return promise.finally(() => socket.destroy());
}
