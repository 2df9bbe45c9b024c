/** One answer stays well below NATS's maximum payload of 1 MiB. */
const PAGE_BYTES = 256 * 1024;

/** Whether an answer holds as much as one does that had no room for more: no item is longer than half a page. */
export function isPageful(items: readonly Uint8Array[], maxItems: number): boolean {
  return items.length >= maxItems || items.reduce((sum, { length }) => sum + length, 0) > PAGE_BYTES / 2;
}

/**
 * Items up to the size of one answer; at least one always fits. When it is full the asker asks again, saying what it
 * has by then: what was sent once is not sent twice, and no cursor can be made up.
 */
export class Page {
  readonly #items = new Set<Uint8Array>();
  readonly #maxItems: number;
  #full = false;
  #size = 0;

  constructor(maxItems: number) {
    this.#maxItems = maxItems;
  }

  /** In the order in which they were added. */
  get items(): Uint8Array[] {
    return [...this.#items];
  }

  /** Something did not fit: there is more. */
  get full(): boolean {
    return this.#full;
  }

  /** There may be two reasons to send an item: it is sent once. */
  add(item: Uint8Array | undefined): void {
    if (!item || item.length === 0 || this.#full || this.#items.has(item)) return;
    const fits = this.#size + item.length <= PAGE_BYTES && this.#items.size < this.#maxItems;
    if (this.#items.size > 0 && !fits) {
      this.#full = true;
      return;
    }
    this.#items.add(item);
    this.#size += item.length;
  }
}
