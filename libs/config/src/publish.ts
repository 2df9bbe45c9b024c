import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a file with this content, mode 0600 and synced, unless another process has made it meanwhile: that one stays.
 * @throws what the file system throws
 */
export function publishOnce(file: string, content: string): void {
  const directory = dirname(file);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    // Takes short writes for what they are, and ends with all of it on the disk.
    writeFileSync(draft, content, { flag: 'wx', mode: 0o600, flush: true });
    // Unlike a rename, a link never replaces the file that the node's other process may have made just now.
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const opened = openSync(directory, 'r');
  try {
    fsyncSync(opened); // A key that a power cut removes would make everything sealed with it unreadable.
  } finally {
    closeSync(opened);
  }
}
