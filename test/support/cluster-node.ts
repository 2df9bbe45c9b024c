import { loadSealingKey } from '@witan/config';
import { type Identity, secureRandom } from '@witan/crypto';
import { openNodeHome } from '@witan/elder';
import type { Link } from '../breakable/link.ts';
import { eventually } from './eventually.ts';
import type { ServiceProcess } from './service-process.ts';

export interface ClusterNodeParts {
  readonly index: number;
  readonly dataDir: string;
  readonly elder: ServiceProcess;
  readonly adult: ServiceProcess;
  readonly link: Link | undefined;
}

/** One node: an identity and its two processes. */
export class ClusterNode {
  readonly index: number;
  readonly dataDir: string;
  readonly elder: ServiceProcess;
  readonly adult: ServiceProcess;
  readonly #link: Link | undefined;
  #name: string | undefined;

  constructor({ index, dataDir, elder, adult, link }: ClusterNodeParts) {
    this.index = index;
    this.dataDir = dataDir;
    this.elder = elder;
    this.adult = adult;
    this.#link = link;
  }

  /** Hex name, as its log tells it. */
  get name(): string {
    this.#name ??= this.elder.lines.find(({ node }) => node !== undefined)?.node as string | undefined;
    if (this.#name === undefined) throw new Error(`node ${this.index} has not said its name yet`);
    return this.#name;
  }

  /** The line between its elder process and NATS. */
  get link(): Link {
    if (!this.#link) throw new Error('the cluster was started without links');
    return this.#link;
  }

  /** The identity itself, as whoever broke into the node would have it. */
  identity(): Identity {
    const { key } = loadSealingKey({ dataDir: this.dataDir, sealingKey: undefined });
    return openNodeHome(this.dataDir, key, secureRandom).identity;
  }

  async kill(): Promise<void> {
    await Promise.all([this.elder.kill(), this.adult.kill()]);
  }

  /** How long after its start the elder process held a usable share of the key of this generation or a later one. */
  async usableShareMs(generation: number, withinMs: number): Promise<number> {
    await eventually(
      `${this.elder.name} holds a usable share at generation ${generation}`,
      async () => {
        const metrics = await this.elder.metrics();
        const known = metrics.value('witan_section_generation') ?? -1;
        const usable = metrics.value('witan_elder_usable_share');
        if (known >= generation && usable === 1) return true;
        throw new Error(`generation ${known}, usable share ${usable}`);
      },
      { withinMs, everyMs: 10 },
    );
    return performance.now() - this.elder.startedAtMs;
  }
}
