import { readFileSync } from 'node:fs';
import type { LineState } from '../../breakable/line.ts';
import { eventually } from '../../support/eventually.ts';
import type { Namespace, Pod } from '../../support/kube.ts';
import { type Ability, namesOf, type Part } from '../world.ts';

const CONTAINER = 'line';
/** A bigger disk is not filled: it takes too long, and may not be the node's alone. */
const DISK_BYTES = 4 * 1024 ** 3;
const WRITE = 'printf %s "$1" > /state/new && mv /state/new "/state/$0"';
/** A pod may be on its way back when it is to be put right. */
const patience = { withinMs: 120_000, everyMs: 500 };

const script = (name: string) => readFileSync(new URL(`../../breakable/${name}`, import.meta.url), 'utf8');
const DISK = script('disk.sh');
const SIGNAL = script('signal.sh');

/** What can be broken from within the pods of nodes that have a container for it (`test/breakable`), others by none. */
export class KubeHands {
  readonly abilities: readonly Ability[];
  /** Nodes with a small disk of their own. */
  readonly fillable: readonly Part[];
  readonly #namespace: Namespace;

  private constructor(namespace: Namespace, abilities: readonly Ability[], fillable: readonly Part[]) {
    this.#namespace = namespace;
    this.abilities = abilities;
    this.fillable = fillable;
  }

  /** @param nodes their pods */
  static async of(namespace: Namespace, nodes: readonly Pod[]): Promise<KubeHands> {
    const has = nodes.length > 0 && nodes.every(({ spec }) => spec.containers.some(({ name }) => name === CONTAINER));
    if (!has) return new KubeHands(namespace, [], []);
    const fillable = await withSmallDisks(namespace, nodes);
    const abilities: Ability[] = ['cut', 'cut-one-way', 'disturb', 'jump-clock'];
    if (nodes.every(({ spec }) => spec.shareProcessNamespace)) abilities.push('pause');
    if (fillable.length > 0) abilities.push('fill-disk');
    return new KubeHands(namespace, abilities, fillable);
  }

  line(parts: readonly Part[], state: LineState): Promise<void> {
    return this.#write(parts, 'line.json', JSON.stringify(state));
  }

  clock(parts: readonly Part[], byMs: number): Promise<void> {
    return this.#write(parts, 'clock', String(byMs));
  }

  signal(parts: readonly Part[], signal: 'STOP' | 'CONT'): Promise<void> {
    return this.#each(parts, SIGNAL, 'signal.sh', signal);
  }

  /** With the room that logs keep for more, where their services can be stopped meanwhile. */
  async fill(parts: readonly Part[]): Promise<void> {
    if (!this.abilities.includes('pause')) return this.#disk(parts, 'fill');
    await this.signal(parts, 'STOP');
    try {
      await this.#disk(parts, 'cut');
      await this.#disk(parts, 'fill');
    } finally {
      await this.signal(parts, 'CONT');
    }
  }

  clear(parts: readonly Part[]): Promise<void> {
    return this.#disk(parts, 'clear');
  }

  /** Puts something right, as soon as that can be done. In a pod that is new nothing was broken, and it does no harm. */
  async undo(parts: readonly Part[], how: (part: readonly Part[]) => Promise<void>): Promise<void> {
    const done = (part: Part) => how([part]).then(() => true);
    await Promise.all(parts.map((part) => eventually(`${part.name} is put right`, () => done(part), patience)));
  }

  #disk(parts: readonly Part[], what: 'cut' | 'fill' | 'clear'): Promise<void> {
    return this.#each(parts, DISK, 'disk.sh', what, '/data');
  }

  #write(parts: readonly Part[], file: string, text: string): Promise<void> {
    return this.#each(parts, WRITE, file, text);
  }

  async #each(parts: readonly Part[], ...program: readonly string[]): Promise<void> {
    await Promise.all(namesOf(parts).map((pod) => inPod(this.#namespace, pod, ...program)));
  }
}

function inPod(namespace: Namespace, pod: string, ...program: readonly string[]): Promise<string> {
  return namespace.kubectl('exec', pod, '-c', CONTAINER, '--', 'sh', '-c', ...program);
}

async function withSmallDisks(namespace: Namespace, nodes: readonly Pod[]): Promise<Part[]> {
  const disks = await Promise.all(
    nodes.map(async ({ metadata: { name } }) => {
      const size = await inPod(namespace, name, DISK, 'disk.sh', 'size', '/data');
      const [id, blocks, blockSize] = size.split(' ') as [string, string, string];
      return { name, id, bytes: Number(blocks) * Number(blockSize) };
    }),
  );
  const isOwn = (id: string) => disks.filter((each) => each.id === id).length === 1;
  const small = disks.filter(({ id, bytes }) => bytes <= DISK_BYTES && isOwn(id));
  return small.map(({ name }) => ({ name, role: 'node' }));
}
