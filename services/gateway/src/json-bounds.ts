import { MAX_CHAIN_LINKS } from '@witan/api';
import { WitanError } from '@witan/errors';

/** A link has nine fields and is one of a list, which makes ten commas and brackets. Fields may be added to it. */
const PARTS_OF_A_LINK = 16;
/** Commas and opening brackets of a body: no value is made without one, but for the first. */
export const MAX_PARTS = MAX_CHAIN_LINKS * PARTS_OF_A_LINK;
/** A bundle has three levels. */
export const MAX_DEPTH = 16;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPENING = [0x5b, 0x7b] as const;
const CLOSING = [0x5d, 0x7d] as const;

/**
 * Refuses what would become more values than any body needs. An empty list is two bytes and, once it is parsed, fifty: a body
 * well below its limit in bytes could be more than there is memory.
 *
 * What is no JSON may be counted wrongly from where it is none on, and is not parsed any further than that.
 * @throws `WITAN_ERR_TOO_LARGE`, `WITAN_ERR_MALFORMED` (too deep)
 */
export function boundJson(json: Uint8Array): void {
  let parts = 0;
  let depth = 0;
  let inString = false;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at];
    if (inString) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === COMMA) parts += 1;
    else if (byte === OPENING[0] || byte === OPENING[1]) {
      parts += 1;
      depth += 1;
      if (depth > MAX_DEPTH) {
        throw new WitanError('WITAN_ERR_MALFORMED', `The body is nested deeper than ${MAX_DEPTH} levels.`);
      }
    } else if (byte === CLOSING[0] || byte === CLOSING[1]) depth -= 1;
    if (parts > MAX_PARTS) {
      throw new WitanError('WITAN_ERR_TOO_LARGE', `The body has over ${MAX_PARTS} commas and brackets.`, {
        data: { limit: MAX_PARTS },
      });
    }
  }
}
