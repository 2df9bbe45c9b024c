import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { quantile } from './stats.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  readonly load1m: number;
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown CPU',
    cores: availableParallelism(),
    node: process.version,
    load1m: loadavg()[0]!,
  };
}

/** Milliseconds that a small append takes to reach the disk in `folder`: median of 20. */
export function fsyncMs(folder: string): number {
  const file = join(folder, `fsync-probe-${process.pid}`);
  const fd = openSync(file, 'w');
  const times = Array.from({ length: 20 }, () => {
    const start = performance.now();
    writeSync(fd, new Uint8Array(4096));
    fsyncSync(fd);
    return performance.now() - start;
  });
  closeSync(fd);
  rmSync(file);
  return quantile(times, 0.5);
}

/**
 * CPU milliseconds that all threads of a process have used. From the scheduler's nanoseconds where the kernel tells
 * them, else from `stat` in steps of 10 ms; undefined where there is no `/proc`.
 */
export function processCpuMs(pid: number): number | undefined {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    const ns = tasks.map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]));
    return ns.reduce((total, each) => total + each, 0) / 1e6;
  } catch {
    return statCpuMs(pid);
  }
}

/** Clock ticks of `/proc` last so long on every Linux that Node runs on. */
const TICK_MS = 10;

function statCpuMs(pid: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name may hold blanks, so fields are counted from its closing bracket: utime and stime are the 14th and 15th.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return undefined;
  }
}

/** CPU milliseconds that the whole machine has used, by anyone; undefined where there is no `/proc`. */
export function machineCpuMs(): number | undefined {
  try {
    const [user, nice, system, , , irq, softirq, steal] = readFileSync('/proc/stat', 'utf8')
      .split('\n')[0]!
      .trim()
      .split(/\s+/)
      .slice(1)
      .map(Number);
    return (user! + nice! + system! + irq! + softirq! + steal!) * TICK_MS;
  } catch {
    return undefined;
  }
}
