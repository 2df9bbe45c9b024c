import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below what Linux (32768) and others (49152) draw from for outgoing connections: while a server that is to come back at
 * its port is away, one of its clients that tries to reach it could be given that port, and then has it.
 */
const [FIRST, LAST] = [10_000, 32_000];
const TRIES = 100;
const given = new Set<number>();

/** A port of loopback that nobody has right now, that nobody else here was given, and no outgoing connection takes. */
export async function freePort(): Promise<number> {
  for (let left = TRIES; left > 0; left--) {
    const port = randomInt(FIRST, LAST);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`${TRIES} ports of loopback were tried and all are taken`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const free = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true));
  });
  if (free) await new Promise((resolve) => server.close(resolve));
  return free;
}
