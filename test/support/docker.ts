import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { writeOutput } from './write-output.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAX_OUTPUT = 64 * 1024 * 1024;
const run = promisify(execFile);

/** The one that `deploy/image/base.sh --others` makes, unless told otherwise. */
export const NATS_IMAGE = process.env.NATS_IMAGE ?? 'nats:2.9.10';

function works(program: string, ...args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore', timeout: 20_000 }).status === 0;
}

/** Why containers cannot be tested here, and what to do about it; nothing if they can. */
export function whyNoDocker(): string | undefined {
  if (!works('docker', '--version')) return 'docker is missing: apt-get install docker.io, and start dockerd';
  if (!works('docker', 'version')) return 'no Docker daemon answers: start dockerd, or set DOCKER_HOST';
  return undefined;
}

/** As `whyNoDocker`, for compose files. */
export function whyNoCompose(): string | undefined {
  const why = whyNoDocker();
  return why ?? (composeProgram() ? undefined : 'docker compose is missing: apt-get install docker-compose');
}

/** The plugin, or the program of before. */
function composeProgram(): readonly [string, ...string[]] | undefined {
  if (works('docker', 'compose', 'version')) return ['docker', 'compose'];
  return works('docker-compose', 'version') ? ['docker-compose'] : undefined;
}

/** @returns what it wrote to standard output. @throws with all that it wrote, when it fails */
export async function docker(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('docker', args, { maxBuffer: MAX_OUTPUT });
  return stdout.trim();
}

/**
 * Both outputs of a container, whether it runs or not.
 * @param since RFC 3339; all of it unless given
 */
export async function logsOf(container: string, since?: string): Promise<string> {
  const from = since === undefined ? [] : ['--since', since];
  const { stdout, stderr } = await run('docker', ['logs', ...from, container], { maxBuffer: MAX_OUTPUT });
  return stdout + stderr;
}

/** Writes both outputs of a container to a file, however much it is. */
export async function writeLogOf(container: string, file: string): Promise<void> {
  await writeOutput(file, 'docker', 'logs', container);
}

/** Why packets cannot be dropped within a container from here, and what to do about it; nothing if they can. */
export function whyNoFirewall(): string | undefined {
  if (process.getuid?.() !== 0) return 'dropping packets takes root, on the machine of the Docker daemon';
  return works('iptables', '--version') ? undefined : 'iptables is missing: apt-get install iptables';
}

/** Runs iptables in the network of the container whose process this is. */
export async function firewall(pid: number, ...args: readonly string[]): Promise<void> {
  await run('nsenter', [`--net=/proc/${pid}/ns/net`, 'iptables', ...args]);
}

/** Runs a command of compose on the project in `deploy/compose`. */
export async function compose(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<string> {
  const [program, ...first] = composeProgram()!;
  const options = { cwd: `${ROOT}deploy/compose`, env: { ...process.env, ...env }, maxBuffer: MAX_OUTPUT };
  const { stdout } = await run(program, [...first, ...args], options);
  return stdout.trim();
}

let image: Promise<string> | undefined;

/**
 * The image to be tested: the one that `WITAN_TEST_IMAGE` names, or one of this checkout, on the base that `BASE` names or
 * that `deploy/image/base.sh` has made here.
 */
export function witanImage(): Promise<string> {
  image ??= process.env.WITAN_TEST_IMAGE ? Promise.resolve(process.env.WITAN_TEST_IMAGE) : buildImage('witan:test');
  return image;
}

async function buildImage(name: string): Promise<string> {
  const local = works('docker', 'image', 'inspect', 'witan-base:local') ? { BASE: 'witan-base:local' } : {};
  const env = { ...local, ...process.env };
  await run(`${ROOT}deploy/image/build.sh`, [name], { env, maxBuffer: MAX_OUTPUT });
  return name;
}

/** The image as it would be in another version of the same wire format, made of the one that is tested. */
export async function imageOfVersion(version: string): Promise<string> {
  const name = `witan:test-${version}`;
  await run(`${ROOT}test/support/image-of-version.sh`, [await witanImage(), version, name]);
  return name;
}
