/** Sessions and messages of each that are remembered before their DkgStart has come. */
const SESSIONS = 4;
const MESSAGES = 64;

/** Messages of sessions that are not known yet, each waiting for one thing: its DkgStart. */
export class Strangers {
  readonly #held = new Map<string, Uint8Array[]>();

  mayHold(session: string): boolean {
    const held = this.#held.get(session);
    return held === undefined || held.length < MESSAGES;
  }

  /** @returns whether it is the first of its session */
  hold(session: string, bytes: Uint8Array): boolean {
    const held = this.#held.get(session);
    if (held) {
      held.push(bytes);
      return false;
    }
    if (this.#held.size >= SESSIONS) this.#held.delete(this.#held.keys().next().value!);
    this.#held.set(session, [bytes]);
    return true;
  }

  release(session: string): readonly Uint8Array[] {
    const held = this.#held.get(session) ?? [];
    this.#held.delete(session);
    return held;
  }
}
