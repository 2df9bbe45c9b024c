import { fstatSync } from 'node:fs';

const POLL_MS = 500;

/** Something else would read the standard input: only a pipe or socket is known to end with the process behind it. */
function stdinEndsWithParent(): boolean {
  try {
    const stat = fstatSync(0);
    return stat.isFIFO() || stat.isSocket();
  } catch {
    return false;
  }
}

/**
 * Calls `gone` when the process that started this one has ended, however it ended: at once where an IPC channel or a
 * pipe on standard input leads to it, otherwise by looking whose child this is. Nothing is left running by a launcher
 * that was killed.
 */
export function watchParent(gone: () => void): void {
  if (process.channel) {
    process.once('disconnect', gone);
    if (!process.connected) gone();
    return;
  }
  if (stdinEndsWithParent()) {
    process.stdin.once('end', gone).once('error', gone).resume();
    return;
  }
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    gone();
  }, POLL_MS);
  timer.unref();
}
