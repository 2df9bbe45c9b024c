import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { NODE, ROOT, type ServiceProcess } from './service-process.ts';

/** A launcher that starts what its arguments say, tells the process id, and does nothing else. */
const LAUNCHER = `
  const { spawn } = require('node:child_process');
  const child = spawn(process.execPath, process.argv.slice(1), { stdio: ['pipe', 'inherit', 'inherit'] });
  process.stdout.write(JSON.stringify({ launched: child.pid }) + '\\n');
`;

/**
 * Starts a service under a launcher of its own and kills the launcher, with no chance to do anything about it, once the
 * service is ready.
 * @returns the process id of the service, which nobody looks after any more
 */
export function orphan({ kind, env }: ServiceProcess): Promise<number> {
  const launcher = spawn(NODE, ['-e', LAUNCHER, join(ROOT, 'services', kind, 'src/main.ts')], {
    env: { PATH: process.env.PATH, WITAN_EXIT_WITH_PARENT: '1', ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return new Promise((resolve, reject) => {
    let pid: number | undefined;
    let isReady = false;
    createInterface({ input: launcher.stdout }).on('line', (line) => {
      const said = JSON.parse(line) as { launched?: number; event?: string };
      pid ??= said.launched;
      if (said.event === 'ready') isReady = launcher.kill('SIGKILL');
    });
    launcher.once('exit', () => {
      if (isReady && pid !== undefined) resolve(pid);
      else reject(new Error(`the launcher of ${kind} ended before its service was ready`));
    });
  });
}

/** Whether a process runs; one that has ended and that nobody has asked about does not. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    return false;
  }
}
