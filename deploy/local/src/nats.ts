import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { WitanError } from '@witan/errors';
import type { ProcessSpec, Ready } from './supervisor.ts';

const KEEPER = fileURLToPath(new URL('keep.sh', import.meta.url));
const READY_TIMEOUT_MS = 15_000;
const POLL_MS = 10;
/** nats-server's word for "any free port". */
const ANY_PORT = '-1';

/**
 * nats-server on loopback without JetStream: the truth is in the nodes' journals, the bus may lose anything. Who may
 * say what on it stands in the file `config`.
 */
export function natsSpec(options: { server: string; config: string; dir: string; logFile: string }): ProcessSpec {
  const { server, config, dir, logFile } = options;
  // Nobody looks for it at another one: it is waited for until that is free again.
  let port: string | undefined;
  return {
    name: 'nats',
    command: '/bin/sh',
    logFile,
    lifeline: 'pipe',
    launch: (previous) => {
      endLeftover(dir);
      port ??= previous && new URL(natsUrl(previous)).port;
      const flags = [
        '--config',
        config,
        '--addr',
        '127.0.0.1',
        '--port',
        port ?? ANY_PORT,
        '--ports_file_dir',
        dir,
        '--pid',
        pidFile(dir),
      ];
      // One thread carries what twenty processes on one machine say, without waking others for it.
      return { args: [KEEPER, server, ...flags], env: { PATH: process.env.PATH ?? '', GOMAXPROCS: '1' } };
    },
    probe: () => listening(dir),
  };
}

export function natsUrl(ready: Ready): string {
  return ready.info.url!;
}

/** Makes the server read its configuration again. Connections stay, with the permissions that they have now. */
export function reloadNats(dir: string): void {
  const pid = natsPid(dir);
  if (pid !== undefined && isOurs(pid, dir)) process.kill(pid, 'SIGHUP');
}

/** The server's own process; its supervised parent is the keeper. */
export function natsPid(dir: string): number | undefined {
  try {
    return Number(readFileSync(pidFile(dir), 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

/** The server writes a file with its addresses as soon as it listens. @throws WitanError `WITAN_ERR_TIMEOUT` */
async function listening(dir: string): Promise<Ready> {
  for (const deadline = performance.now() + READY_TIMEOUT_MS; performance.now() < deadline; await wait(POLL_MS)) {
    const url = portsFiles(dir)
      .map((file) => addressIn(file))
      .find((address) => address !== undefined);
    if (url !== undefined) return { info: { url } };
  }
  throw new WitanError('WITAN_ERR_TIMEOUT', `nats-server did not listen within ${READY_TIMEOUT_MS} ms`);
}

function addressIn(file: string): string | undefined {
  try {
    const { nats } = JSON.parse(readFileSync(file, 'utf8')) as { nats: readonly string[] };
    return nats[0];
  } catch {
    return undefined; // Not written to its end yet.
  }
}

/** Of a launcher whose keeper was killed together with it. */
function endLeftover(dir: string): void {
  const pid = natsPid(dir);
  if (pid !== undefined && isOurs(pid, dir)) process.kill(pid, 'SIGKILL');
  for (const file of portsFiles(dir)) rmSync(file, { force: true });
  rmSync(pidFile(dir), { force: true });
}

/** Process ids are used again: only a server that was started with this very directory is ended. */
function isOurs(pid: number, dir: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(pidFile(dir));
  } catch {
    // On macOS, and where the process is gone. `ps` puts spaces between arguments, and this is the last one.
    const ps = spawnSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
    return ps.status === 0 && ps.stdout.trimEnd().endsWith(` ${pidFile(dir)}`);
  }
}

function portsFiles(dir: string): string[] {
  return readdirSync(dir)
    .filter((name) => name.endsWith('.ports'))
    .map((name) => join(dir, name));
}

function pidFile(dir: string): string {
  return join(dir, 'nats.pid');
}
