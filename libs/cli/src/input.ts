import { createReadStream } from 'node:fs';
import { WitanError } from '@witan/errors';
import type { Io } from './io.ts';

/** No input of a command is larger. Of a section of seven elders it is a chain of more than 40,000 links. */
const INPUT_BYTES_MAX = 64 * 1024 * 1024;
const KEY_DIGITS = 96;

/** The bytes of a file, or of the standard input for `-`. @throws WitanError `WITAN_ERR_NOT_FOUND`, `…_STORE`, `…_TOO_LARGE` */
export async function readInput(io: Io, file: string): Promise<Uint8Array> {
  return file === '-' ? readAll(io.input, file) : readNamed(file);
}

/** @throws WitanError `WITAN_ERR_MALFORMED` when it is not JSON */
export async function readJson(io: Io, file: string): Promise<unknown> {
  const text = new TextDecoder().decode(await readInput(io, file));
  try {
    return JSON.parse(text);
  } catch {
    throw new WitanError('WITAN_ERR_MALFORMED', `${nameOf(file)} is not JSON`);
  }
}

/** 48 bytes from the lower-case hex of a section key. @throws WitanError `WITAN_ERR_MALFORMED` */
function keyBytes(hex: string, what: string): Uint8Array {
  if (hex.length !== KEY_DIGITS || !/^[0-9a-f]*$/.test(hex)) {
    throw new WitanError('WITAN_ERR_MALFORMED', `${what} is not a key: ${KEY_DIGITS} lower-case hex digits are`);
  }
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

/** The key that everything is checked against: it has to come from the person. @throws WitanError `WITAN_ERR_INVALID` */
export function genesisKey(io: Io, given: string | undefined): Uint8Array {
  const hex = given ?? io.env.WITAN_GENESIS_KEY;
  if (!hex)
    throw new WitanError('WITAN_ERR_INVALID', 'nothing to check against: give --genesis KEY or set WITAN_GENESIS_KEY');
  return keyBytes(hex, given === undefined ? 'WITAN_GENESIS_KEY' : '--genesis');
}

/** The one of `candidates` that begins with `start`. @throws WitanError `WITAN_ERR_NOT_FOUND`, `WITAN_ERR_INVALID` (several) */
export async function findByStart(candidates: AsyncIterable<string>, start: string, what: string): Promise<string> {
  const found: string[] = [];
  for await (const candidate of candidates) if (candidate.startsWith(start)) found.push(candidate);
  const [only] = found;
  if (only === undefined) throw new WitanError('WITAN_ERR_NOT_FOUND', `no ${what} begins with ${start}`);
  if (found.length > 1) throw new WitanError('WITAN_ERR_INVALID', `${found.length} ${what}s begin with ${start}`);
  return only;
}

/** The start of a name or an id; what was copied from a table may end with `…`. @throws WitanError `WITAN_ERR_MALFORMED` */
export function hexStart(text: string, what: string): string {
  const start = text.replace(/…$/, '');
  if (!/^[0-9a-f]{1,64}$/.test(start)) {
    throw new WitanError('WITAN_ERR_MALFORMED', `${text} is not the hex of a ${what}`);
  }
  return start;
}

async function readNamed(file: string): Promise<Uint8Array> {
  try {
    return await readAll(createReadStream(file), file);
  } catch (error) {
    if (error instanceof WitanError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new WitanError('WITAN_ERR_NOT_FOUND', `there is no file ${file}`, { cause: error });
    throw new WitanError('WITAN_ERR_STORE', `${file} cannot be read: ${code}`, { cause: error });
  }
}

async function readAll(stream: AsyncIterable<Uint8Array>, file: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > INPUT_BYTES_MAX) throw tooLarge(file);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function tooLarge(file: string): WitanError {
  return new WitanError('WITAN_ERR_TOO_LARGE', `${nameOf(file)} is over ${INPUT_BYTES_MAX} bytes`);
}

function nameOf(file: string): string {
  return file === '-' ? 'the standard input' : file;
}
