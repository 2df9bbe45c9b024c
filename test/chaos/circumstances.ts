import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg, totalmem } from 'node:os';
import { asWitanError } from '@witan/errors';
import { ROOT } from '../support/service-process.ts';
import type { World } from './world.ts';

/** Of this checkout. */
export function version(): string {
  const manifest = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { version: string };
  return manifest.version + revision();
}

/** What was broken where: figures mean little without. @param checkout as it was when the run began */
export async function circumstances(world: World, checkout: string): Promise<readonly string[]> {
  const load = loadavg().map((each) => each.toFixed(1));
  const settings = await world
    .settings()
    .catch((error: unknown) => [`its settings could not be asked for: ${asWitanError(error).detail}`]);
  return [
    `Witan ${checkout}, Node ${process.versions.node}`,
    `run from a machine with ${availableParallelism()} cores and ${Math.round(totalmem() / 2 ** 30)} GiB, load in the end ${load.join(', ')} (1, 5, 15 min)`,
    ...settings,
  ];
}

/** Nothing outside of a checkout of git. */
function revision(): string {
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-C', ROOT, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return ` at ${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') === '' ? '' : ', changed'}`;
  } catch {
    return '';
  }
}
