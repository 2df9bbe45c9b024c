interface Due {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Virtual time: a heap of what is due, first by time, then by when it was planned. */
export class Clock {
  now = 0;
  private planned = 0;
  private readonly heap: Due[] = [];

  after(delay: number, run: () => void): void {
    this.heap.push({ at: this.now + delay, order: this.planned++, run });
    let i = this.heap.length - 1;
    while (i > 0 && this.before(i, (i - 1) >> 1)) {
      this.swap(i, (i - 1) >> 1);
      i = (i - 1) >> 1;
    }
  }

  /** Runs what is due next; false when there is nothing. */
  tick(): boolean {
    const due = this.heap[0];
    if (!due) return false;
    const last = this.heap.pop()!;
    if (this.heap.length > 0) {
      this.heap[0] = last;
      this.sink();
    }
    this.now = due.at;
    due.run();
    return true;
  }

  private sink(): void {
    for (let i = 0; ; ) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < this.heap.length && this.before(child, least)) least = child;
      }
      if (least === i) return;
      this.swap(i, least);
      i = least;
    }
  }

  private before(i: number, j: number): boolean {
    const [a, b] = [this.heap[i]!, this.heap[j]!];
    return a.at < b.at || (a.at === b.at && a.order < b.order);
  }

  private swap(i: number, j: number): void {
    [this.heap[i], this.heap[j]] = [this.heap[j]!, this.heap[i]!];
  }
}
