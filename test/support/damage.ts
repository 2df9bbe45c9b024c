import { readFileSync, writeFileSync } from 'node:fs';

/** Flips one bit of `file` in the middle of the only place where `bytes` stand. Nobody may have the file open. */
export function flipBitIn(file: string, bytes: Uint8Array): void {
  const content = readFileSync(file);
  const at = content.indexOf(bytes);
  if (at < 0) throw new Error(`${file} does not hold these ${bytes.length} bytes in one piece`);
  content[at + (bytes.length >> 1)]! ^= 1;
  writeFileSync(file, content);
}

/** Leaves of `file` its length and nothing else. */
export function overwrite(file: string): void {
  writeFileSync(file, new Uint8Array(readFileSync(file).length).fill(0x5a));
}
