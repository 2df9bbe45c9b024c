import { errorCode, WitanError } from '@witan/errors';
import { corrupt, type JournalStream } from '@witan/journal';

/** Encrypts what may not stand on the disk in the clear. `associated` binds the box to the place where it belongs. */
export interface Sealer {
  seal(plain: Uint8Array, associated: Uint8Array): Uint8Array;
  /** @throws WITAN_ERR_SEALED when the key is not the one that sealed it, or the place is another. */
  open(sealed: Uint8Array, associated: Uint8Array): Uint8Array;
}

export interface Sealing {
  readonly sealer: Sealer;
  /** Whose secrets they are: nodes that share a sealing key do not open each other's. */
  readonly node: string;
  /** Whether a machine's record is a secret: one that stands in the clear was not written by the machine. */
  readonly isSecret: (record: Uint8Array) => boolean;
}

const CLEAR = 0;
const SEALED = 1;

/**
 * Turns a machine's records into the journal's: one byte that says whether the rest is sealed, then the record. A sealed
 * one opens for its node, in its stream and at its position there, and nowhere else, and what is secret is taken in no
 * other form. Whoever can write to the disk can put back what stood at that position before: nothing on the disk can tell.
 */
export class RecordCodec {
  readonly #stream: Pick<JournalStream, 'location' | 'name'>;
  readonly #sealing: Sealing | undefined;

  constructor(stream: Pick<JournalStream, 'location' | 'name'>, sealing: Sealing | undefined) {
    this.#stream = stream;
    this.#sealing = sealing;
  }

  /**
   * @param seq the position in the stream that the record will have
   * @throws WITAN_ERR_SEALED: nothing to seal it with
   */
  encode(record: Uint8Array, secret: boolean, seq: number): Uint8Array {
    if (!secret) return tagged(CLEAR, record);
    const sealing = this.#sealing;
    if (!sealing) {
      throw new WitanError('WITAN_ERR_SEALED', `stream ${this.#stream.name} has secret records and no sealing key`);
    }
    return tagged(SEALED, sealing.sealer.seal(record, this.#place(sealing, seq)));
  }

  /** @throws WITAN_ERR_JOURNAL_CORRUPT with `data` {file, stream, seq} */
  decode(stored: Uint8Array, seq: number): Uint8Array {
    const body = stored.subarray(1);
    switch (stored[0]) {
      case CLEAR:
        if (this.#sealing?.isSecret(body)) throw this.#corrupt(seq, 'stands in the clear, and is a secret');
        return body;
      case SEALED:
        return this.#open(body, seq);
      default:
        throw this.#corrupt(seq, 'starts with an unknown byte');
    }
  }

  #open(body: Uint8Array, seq: number): Uint8Array {
    const sealing = this.#sealing;
    if (!sealing) throw this.#corrupt(seq, 'is sealed, where nothing is secret');
    try {
      return sealing.sealer.open(body, this.#place(sealing, seq));
    } catch (error) {
      if (errorCode(error) !== 'WITAN_ERR_SEALED') throw error;
      throw this.#corrupt(seq, 'was sealed for another place or with another key, or was changed since');
    }
  }

  #place({ node }: Sealing, seq: number): Uint8Array {
    return new TextEncoder().encode(JSON.stringify(['witan journal', node, this.#stream.name, seq]));
  }

  #corrupt(seq: number, reason: string): WitanError {
    return corrupt(this.#stream.location, { stream: this.#stream.name, seq }, reason);
  }
}

function tagged(tag: number, bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(1 + bytes.length);
  out[0] = tag;
  out.set(bytes, 1);
  return out;
}
