import { WitanError } from '@witan/errors';

/** Encrypts what may not stand on the disk in the clear. `associated` binds the box to the place where it belongs. */
export interface Sealer {
  seal(plain: Uint8Array, associated: Uint8Array): Uint8Array;
  /** @throws WITAN_ERR_SEALED when the key is not the one that sealed it. */
  open(sealed: Uint8Array, associated: Uint8Array): Uint8Array;
}

const CLEAR = 0;
const SEALED = 1;

/** Turns a machine's records into the journal's: one byte that says whether the rest is sealed, then the record. */
export class RecordCodec {
  readonly #actor: string;
  readonly #sealer: Sealer | undefined;
  readonly #associated: Uint8Array;

  constructor(actor: string, sealer: Sealer | undefined) {
    this.#actor = actor;
    this.#sealer = sealer;
    // So that a sealed record of one actor cannot be passed off as another's. Its position is not in it: `compact` moves
    // records, and whoever can write to the disk can put back a whole earlier journal anyway.
    this.#associated = new TextEncoder().encode(`witan journal ${actor}`);
  }

  encode(record: Uint8Array, secret: boolean): Uint8Array {
    return secret ? tagged(SEALED, this.#needSealer().seal(record, this.#associated)) : tagged(CLEAR, record);
  }

  /** @throws WITAN_ERR_SEALED, WITAN_ERR_JOURNAL_CORRUPT */
  decode(stored: Uint8Array): Uint8Array {
    const body = stored.subarray(1);
    switch (stored[0]) {
      case CLEAR:
        return body;
      case SEALED:
        return this.#needSealer().open(body, this.#associated);
      default:
        throw new WitanError('WITAN_ERR_JOURNAL_CORRUPT', `a record of ${this.#actor} starts with an unknown byte`, {
          data: { stream: this.#actor },
        });
    }
  }

  #needSealer(): Sealer {
    if (this.#sealer !== undefined) return this.#sealer;
    throw new WitanError('WITAN_ERR_SEALED', `${this.#actor} has secret records and no sealing key`);
  }
}

function tagged(tag: number, bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(1 + bytes.length);
  out[0] = tag;
  out.set(bytes, 1);
  return out;
}
