/** So many in any second, whoever asks: for what is asked without saying by whom. */
export class Allowance {
  readonly #perSecond: number;
  #taken: number[] = [];

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** @param at milliseconds, monotonic @returns whether one more is allowed, and then counts it */
  take(at: number): boolean {
    this.#taken = this.#taken.filter((each) => each > at - 1000);
    if (this.#taken.length >= this.#perSecond) return false;
    this.#taken.push(at);
    return true;
  }
}
