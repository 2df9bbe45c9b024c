/** A small seeded generator (sfc32 by Chris Doty-Humphrey): the same seed gives the same run on every machine. */
export class Random {
  #a = 0x9e3779b9;
  #b = 0x243f6a88;
  #c: number;
  #d = 1;

  constructor(seed: number) {
    this.#c = seed >>> 0;
    for (let i = 0; i < 16; i++) this.uint32();
  }

  uint32(): number {
    const t = (((this.#a + this.#b) | 0) + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (this.#c << 21) | (this.#c >>> 11);
    this.#c = (this.#c + t) | 0;
    return t >>> 0;
  }

  /** In [0, 1). */
  float(): number {
    return this.uint32() / 2 ** 32;
  }

  chance(probability: number): boolean {
    return this.float() < probability;
  }

  /** Whole number in [from, to]. */
  between(from: number, to: number): number {
    return from + (this.uint32() % (to - from + 1));
  }

  pick<T>(items: readonly T[]): T {
    return items[this.uint32() % items.length]!;
  }

  sample<T>(items: readonly T[], count: number): T[] {
    const rest = [...items];
    const out: T[] = [];
    while (out.length < count && rest.length > 0) out.push(rest.splice(this.uint32() % rest.length, 1)[0]!);
    return out;
  }

  /** One of the items, each as likely as its weight says. */
  weighted<T>(items: readonly (readonly [weight: number, item: T])[]): T {
    let left = this.float() * items.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, item] of items) {
      left -= weight;
      if (left < 0) return item;
    }
    return items.at(-1)![1];
  }

  /** Another generator, so that what draws from it does not change what is drawn here. */
  fork(): Random {
    return new Random(this.uint32());
  }

  bytes(length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (let i = 0; i < length; i++) out[i] = this.uint32() & 0xff;
    return out;
  }
}
