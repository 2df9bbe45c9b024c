import { changed } from './other-version.ts';

/** The environment of an elder whose section actor throws at every tenth look at its own progress. */
export function thatThrows(): Record<string, string> {
  const from = 'function progress(turn: Turn): void {';
  const planted = "if ((globalThis.looks = (globalThis.looks ?? 0) + 1) % 10 === 0) throw new Error('planted');";
  return changed({ module: '/libs/section/src/machine.ts', from, to: `${from} ${planted}` });
}

/** The environment of a service whose disk takes so long for each commit; meanwhile it can do nothing else. */
export function ofSlowDisk(commitMs: number): Record<string, string> {
  const from = "this.sql('COMMIT').run();";
  const planted = `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${commitMs});`;
  return changed({ module: '/libs/journal/src/sqlite-store.ts', from, to: `${planted} ${from}` });
}

/** The environment of a service that may have so many files open: it raises the soft limit itself, to the hard one. */
export function ofFewFiles(most: number): Record<string, string> {
  const code = `
    import { execFileSync } from 'node:child_process';
    execFileSync('prlimit', ['--pid', String(process.pid), '--nofile=${most}:${most}']);`;
  return { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(code)}` };
}
