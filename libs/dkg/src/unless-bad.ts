import { isWitanError } from '@witan/errors';

/** What `read` makes of bytes that a peer has sent; undefined where they are bad, and it does not matter in what way. */
export function unlessBad<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isWitanError(error)) return undefined;
    throw error;
  }
}
