/** Sessions and messages of each that are remembered before their DkgStart has come. */
const SESSIONS = 4;
const MESSAGES = 64;
/** Of the messages of one session together: with as many of the longest that a session of a hundred has, it is full. */
const BYTES = 1024 * 1024;

interface Held {
  readonly messages: Uint8Array[];
  bytes: number;
}

const NOTHING: { readonly messages: readonly Uint8Array[]; readonly bytes: number } = { messages: [], bytes: 0 };

/** Messages of sessions that are not known yet, each waiting for one thing: its DkgStart. */
export class Strangers {
  readonly #held = new Map<string, Held>();

  /** @param length of one more message, bytes */
  mayHold(session: string, length: number): boolean {
    const { messages, bytes } = this.#held.get(session) ?? NOTHING;
    return messages.length < MESSAGES && bytes + length <= BYTES;
  }

  /** @returns whether it is the first of its session */
  hold(session: string, bytes: Uint8Array): boolean {
    const held = this.#held.get(session);
    if (held) {
      held.messages.push(bytes);
      held.bytes += bytes.length;
      return false;
    }
    if (this.#held.size >= SESSIONS) this.#held.delete(this.#held.keys().next().value!);
    this.#held.set(session, { messages: [bytes], bytes: bytes.length });
    return true;
  }

  release(session: string): readonly Uint8Array[] {
    const { messages } = this.#held.get(session) ?? NOTHING;
    this.#held.delete(session);
    return messages;
  }
}
