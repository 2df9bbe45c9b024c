import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Flips one bit of `file` in the middle of the only place where `bytes` stand. Nobody may have the file open.
 * @returns flips it back
 */
export function flipBitIn(file: string, bytes: Uint8Array): () => void {
  const before = readFileSync(file);
  const at = before.indexOf(bytes);
  if (at < 0) throw new Error(`${file} does not hold these ${bytes.length} bytes in one piece`);
  if (before.lastIndexOf(bytes) !== at) throw new Error(`${file} holds these ${bytes.length} bytes more than once`);
  const flip = () => {
    const content = readFileSync(file);
    content[at + (bytes.length >> 1)]! ^= 1;
    writeFileSync(file, content);
  };
  flip();
  return flip;
}

/** Leaves of `file` its length and nothing else. */
export function overwrite(file: string): void {
  writeFileSync(file, new Uint8Array(readFileSync(file).length).fill(0x5a));
}
