import { WitanError } from '@witan/errors';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * JSON in UTF-8, for what is told to people and believed by nobody: what is in it may be anything.
 * @throws WitanError `WITAN_ERR_MALFORMED`
 */
export function decodeJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    throw new WitanError('WITAN_ERR_MALFORMED', 'not JSON', { cause });
  }
}
