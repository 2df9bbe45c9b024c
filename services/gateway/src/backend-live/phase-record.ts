import { Testimony } from './testimony.ts';

interface Message {
  readonly from: string;
  readonly hash: string;
  readonly told: Testimony<null>;
}

interface Close {
  readonly included: readonly string[];
  /** In which view. */
  readonly told: Testimony<number>;
}

/** One phase of a session, as its participants tell of it. */
export class PhaseRecord {
  /** That it began, and how many messages are expected. */
  readonly begin = new Testimony<number>();
  readonly #messages = new Map<string, Message>();
  readonly #closes = new Map<string, Close>();

  onMessage(node: string, atMs: number, from: string, hash: string): void {
    const name = `${from} ${hash}`;
    const message = this.#messages.get(name) ?? { from, hash, told: new Testimony<null>() };
    this.#messages.set(name, message);
    message.told.tell(node, atMs, null);
  }

  /** A participant sees one close of a phase: what it says first counts, and is all that is kept of it. */
  onClosed(node: string, atMs: number, view: number, included: readonly string[]): void {
    const name = included.join();
    if ([...this.#closes].some(([other, { told }]) => other !== name && told.isHeardFrom(node))) return;
    const close = this.#closes.get(name) ?? { included, told: new Testimony<number>() };
    this.#closes.set(name, close);
    close.told.tell(node, atMs, view);
  }

  expected(enough: number): number {
    return this.begin.most(enough) ?? 0;
  }

  /** By sender, in the order seen. Of one who has said two things the first. */
  messages(enough: number): ReadonlyMap<string, { readonly atMs: number; readonly hash: string }> {
    const believed = [...this.#messages.values()].flatMap(({ from, hash, told }) => {
      const atMs = told.atMs(enough);
      return atMs === undefined ? [] : [{ from, hash, atMs }];
    });
    const out = new Map<string, { atMs: number; hash: string }>();
    for (const { from, hash, atMs } of believed.sort((a, b) => a.atMs - b.atMs)) {
      if (!out.has(from)) out.set(from, { atMs, hash });
    }
    return out;
  }

  close(
    enough: number,
  ): { readonly view: number; readonly included: readonly string[]; readonly atMs: number } | undefined {
    for (const { included, told } of this.#closes.values()) {
      const [atMs, view] = [told.atMs(enough), told.least(enough)];
      if (atMs !== undefined && view !== undefined) return { view, included, atMs };
    }
    return undefined;
  }
}
