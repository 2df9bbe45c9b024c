import type { Clock, TimerHandle } from './clock.ts';

interface Task {
  readonly at: number;
  /** Tasks of the same moment run in the order in which they were set. */
  readonly order: number;
  readonly fn: () => void;
  cancelled: boolean;
}

/**
 * Time that passes only when told to, and a queue that runs the same way every time. An hour of protocol takes as
 * long as its events take.
 */
export class VirtualClock implements Clock {
  #now: number;
  #order = 0;
  #pending = 0;
  /** Binary heap, earliest first. */
  readonly #heap: Task[] = [];

  constructor(startMs = 0) {
    this.#now = startMs;
  }

  /** Tasks that wait. */
  get pending(): number {
    return this.#pending;
  }

  /** When the next task is due; undefined when none waits. */
  get nextAt(): number | undefined {
    return this.#first()?.at;
  }

  now(): number {
    return this.#now;
  }

  setTimer(afterMs: number, fn: () => void): TimerHandle {
    const task: Task = { at: this.#now + Math.max(0, afterMs), order: this.#order++, fn, cancelled: false };
    this.#heap.push(task);
    this.#up(this.#heap.length - 1);
    this.#pending++;
    return task;
  }

  clearTimer(handle: TimerHandle): void {
    const task = handle as Task;
    if (task.cancelled) return;
    // It stays in the heap until it comes up: cheaper than looking for it.
    task.cancelled = true;
    this.#pending--;
  }

  defer(fn: () => void): void {
    this.setTimer(0, fn);
  }

  /** Runs the next task, moving time to it. False when there was none. */
  step(): boolean {
    const task = this.#first();
    if (task === undefined) return false;
    this.#pop();
    // It has run: clearing it from now on does nothing.
    task.cancelled = true;
    this.#pending--;
    this.#now = task.at;
    task.fn();
    return true;
  }

  /** Runs all that is due within the next `ms`, then moves time to the end of them. Returns the number of tasks run. */
  advance(ms: number): number {
    const end = this.#now + ms;
    let count = 0;
    for (let next = this.nextAt; next !== undefined && next <= end; next = this.nextAt) {
      this.step();
      count++;
    }
    this.#now = end;
    return count;
  }

  /** Runs until nothing waits, or `maxTasks` have run: a protocol with a periodic timer never ends. */
  run(maxTasks = 100_000): number {
    let count = 0;
    while (count < maxTasks && this.step()) count++;
    return count;
  }

  /** Runs until `done()`; false if nothing waits any more, or `withinMs` pass, before it is. */
  runUntil(done: () => boolean, withinMs: number): boolean {
    const end = this.#now + withinMs;
    while (!done()) {
      const next = this.nextAt;
      if (next === undefined || next > end) return false;
      this.step();
    }
    return true;
  }

  #first(): Task | undefined {
    while (this.#heap[0]?.cancelled === true) this.#pop();
    return this.#heap[0];
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#down(0);
  }

  #up(start: number): void {
    let i = start;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.#before(i, parent)) return;
      this.#swap(i, parent);
      i = parent;
    }
  }

  #down(start: number): void {
    let i = start;
    for (;;) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < this.#heap.length && this.#before(child, least)) least = child;
      }
      if (least === i) return;
      this.#swap(i, least);
      i = least;
    }
  }

  #before(i: number, j: number): boolean {
    const a = this.#heap[i]!;
    const b = this.#heap[j]!;
    return a.at < b.at || (a.at === b.at && a.order < b.order);
  }

  #swap(i: number, j: number): void {
    [this.#heap[i], this.#heap[j]] = [this.#heap[j]!, this.#heap[i]!];
  }
}
