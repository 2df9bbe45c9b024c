/** Bytes after which the server is asked whether it has taken them. */
const CHECK_AFTER_BYTES = 256 << 10;

/**
 * Knows how much has been sent that the server has not taken yet. The client library buffers without a bound; this
 * is the bound: a server that stalls costs messages, which may be lost anyway, and not the memory.
 */
export class Outflow {
  readonly #limit: number;
  readonly #flush: () => Promise<void>;
  #pending = 0;
  #sinceCheck = 0;
  #checking = false;

  /** @param flush resolves when the server has taken all that was sent before, and rejects on a lost connection */
  constructor(limit: number, flush: () => Promise<void>) {
    this.#limit = limit;
    this.#flush = flush;
  }

  /** False when there is no room: the message is to be dropped. */
  admit(bytes: number): boolean {
    if (this.#pending + bytes > this.#limit) return false;
    this.#pending += bytes;
    this.#sinceCheck += bytes;
    if (this.#sinceCheck >= CHECK_AFTER_BYTES && !this.#checking) void this.#check();
    return true;
  }

  /** The connection is a new one, and what was in the old one's buffers is gone. */
  reset(): void {
    this.#pending = 0;
    this.#sinceCheck = 0;
  }

  async #check(): Promise<void> {
    this.#checking = true;
    const covered = this.#pending;
    this.#sinceCheck = 0;
    try {
      await this.#flush();
      this.#pending = Math.max(0, this.#pending - covered);
    } catch {
      // The connection is lost: `reset` starts anew with the next one.
    } finally {
      this.#checking = false;
    }
  }
}
