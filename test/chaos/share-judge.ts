import type { Line } from '../support/one-truth.ts';

/** What an elder has said that it has on its disk. */
interface Kept {
  readonly generation: number;
  /** Section key of which it has its share, hex. */
  readonly key: string | undefined;
}

/** Lines of one elder that are told again, as where two looks at a log overlap, are among its last so many. */
const HEARD_KEPT = 200;
const TOLD: readonly unknown[] = ['decided', 'fresh', 'recovered', 'share'];

/**
 * Whether elders have after each start what they had before it. All that they tell is on the disk by then; an elder that
 * lost its share would be given another one soon, with the next key or by the others, and nobody would notice.
 */
export class ShareJudge {
  readonly #kept = new Map<string, Kept>();
  readonly #heard = new Map<string, Set<string>>();
  readonly #lost = new Set<string>();

  hear(line: Line): void {
    const { service, node, event } = line;
    if (service !== 'elder' || typeof node !== 'string' || !TOLD.includes(event)) return;
    if (this.#isKnown(node, line)) return;
    const kept = this.#kept.get(node);
    const key = String(line.key);
    const generation = Number(line.generation);
    if (event === 'fresh') {
      if (kept) this.#lost.add(`${what(kept)}: ${node} has come back with nothing`);
      this.#kept.delete(node);
    } else if (event === 'decided') {
      this.#kept.set(node, { generation, key: kept?.key });
    } else if (event === 'share') {
      this.#kept.set(node, { generation: kept?.generation ?? 0, key });
    } else {
      if (kept && isLess(kept, { generation, key }, line.usableShare)) {
        this.#lost.add(`${what(kept)}: ${node} has come back at generation ${generation} without`);
      }
      this.#kept.set(node, { generation, key: line.usableShare === true ? key : undefined });
    }
  }

  /** What was lost before is nobody's concern here. */
  forgive(): void {
    this.#lost.clear();
  }

  complaints(): string[] {
    return [...this.#lost];
  }

  #isKnown(node: string, line: Line): boolean {
    const heard = this.#heard.get(node) ?? new Set();
    this.#heard.set(node, heard);
    const { time, pid, event, generation, key } = line;
    const told = JSON.stringify([time, pid, event, generation, key]);
    if (time !== undefined && heard.has(told)) return true;
    heard.add(told);
    if (heard.size > HEARD_KEPT) heard.delete(heard.values().next().value!);
    return false;
  }
}

/** One who was replaced has its share no more only when the section has another key. An older release does not say. */
function isLess(kept: Kept, { generation, key }: { generation: number; key: string }, usableShare: unknown): boolean {
  return generation < kept.generation || (key === kept.key && usableShare === false);
}

function what({ generation, key }: Kept): string {
  return key === undefined ? `lost decisions up to generation ${generation}` : `lost key share of ${key}`;
}
