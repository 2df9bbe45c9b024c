import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/** Runs a program with both its outputs in a file, however much it writes. */
export async function writeOutput(file: string, program: string, ...args: readonly string[]): Promise<void> {
  const out = openSync(file, 'w');
  try {
    const child = spawn(program, args, { stdio: ['ignore', out, out] });
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', () => resolve());
    });
  } finally {
    closeSync(out);
  }
}
