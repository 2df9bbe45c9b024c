import { inspect } from 'node:util';
import { type Scalar, scalarFromBytes, scalarToBytes } from './field.ts';
import { invalid } from './refuse.ts';

/** What a secret looks like in a log, in JSON and in a debugger. */
export const REDACTED = '[secret]';

/**
 * Holds a secret scalar so that it does not slip out: no text, JSON or inspection of it shows the value, and it can be
 * destroyed. (A copy that `reveal` made is a BigInt, which cannot be overwritten.)
 */
export class SecretScalar implements Disposable {
  readonly #bytes: Uint8Array;
  #destroyed = false;

  constructor(value: Scalar) {
    this.#bytes = scalarToBytes(value);
  }

  /** @throws WitanError `WITAN_ERR_MALFORMED` as `scalarFromBytes` does. */
  static fromBytes(bytes: Uint8Array): SecretScalar {
    return new SecretScalar(scalarFromBytes(bytes));
  }

  /** The value itself. @throws WitanError `WITAN_ERR_INVALID` after `destroy`. */
  reveal(): Scalar {
    return scalarFromBytes(this.#live());
  }

  /** 32 bytes, big-endian, for sealing; the caller overwrites them. */
  toBytes(): Uint8Array {
    return this.#live().slice();
  }

  destroy(): void {
    this.#destroyed = true;
    this.#bytes.fill(0);
  }

  [Symbol.dispose](): void {
    this.destroy();
  }

  toJSON(): string {
    return REDACTED;
  }

  toString(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }

  #live(): Uint8Array {
    if (this.#destroyed) throw invalid('the secret has been destroyed');
    return this.#bytes;
  }
}
