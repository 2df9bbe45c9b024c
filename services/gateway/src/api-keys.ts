import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { asWitanError, WitanError } from '@witan/errors';
import type { Logger } from '@witan/observability';
import type { KeyHolders } from './api.ts';

/** A key that is withdrawn is of no use any more after so long. */
const CHECK_MS = 1_000;
const MAX_FILE_BYTES = 1 << 20;
const LINE = /^([\w.@-]{1,64})\s+([0-9a-f]{64})$/;

/**
 * The API keys of a file, a line each: `name sha256-of-the-key`, with `#` before what is for people. The file is of no use
 * to one who reads it, as long as keys are random: 32 bytes of it. It is looked at again and again, and what it says now
 * counts; one that cannot be read any more changes nothing, and is said.
 */
export class ApiKeys implements KeyHolders {
  readonly #file: string;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  #content: string;
  #holders: ReadonlyMap<string, string>;
  #problem: string | undefined;

  /** @throws WITAN_ERR_CONFIG that names the line */
  constructor(file: string, log: Logger) {
    this.#file = file;
    this.#log = log;
    this.#content = read(file);
    this.#holders = parse(file, this.#content);
    this.#timer = setInterval(() => this.#look(), CHECK_MS).unref();
  }

  holderOf(key: string): string | undefined {
    // Found by its hash, so that how long it takes tells nothing of any key.
    return this.#holders.get(createHash('sha256').update(key).digest('hex'));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    try {
      const content = read(this.#file);
      this.#problem = undefined;
      if (content === this.#content) return;
      this.#content = content;
      this.#holders = parse(this.#file, content);
      this.#log.info({ event: 'api-keys', count: this.#holders.size }, 'the API keys have changed');
    } catch (error) {
      const { detail } = asWitanError(error);
      if (detail !== this.#problem)
        this.#log.error({ event: 'api-keys', err: error }, 'the API keys stay as they were');
      this.#problem = detail;
    }
  }
}

function read(file: string): string {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    throw wrong(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
  if (content.length > MAX_FILE_BYTES) throw wrong(`${file} is larger than ${MAX_FILE_BYTES} bytes`);
  return content;
}

/** Holders by the hash of their key. What a line holds is not repeated: it may be a key. */
function parse(file: string, content: string): ReadonlyMap<string, string> {
  const holders = new Map<string, string>();
  for (const [index, line] of content.split('\n').entries()) {
    const text = line.replace(/#.*/, '').trim();
    if (text === '') continue;
    const [, name, hash] = LINE.exec(text) ?? [];
    if (name === undefined) throw wrong(`${file}, line ${index + 1}: accepts a name and 64 lower-case hex digits`);
    holders.set(hash!, name);
  }
  return holders;
}

function wrong(detail: string): WitanError {
  return new WitanError('WITAN_ERR_CONFIG', `WITAN_API_KEYS_FILE: ${detail}`);
}
