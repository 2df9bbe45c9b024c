import { createServer } from 'node:net';

const TRIES = 100;

export interface Found {
  readonly port: number;
  /** What is the matter with the one that was wanted, if this is another: that it "is taken". */
  readonly refusal?: string;
}

/** The port that is wanted, or the next one above it where one may listen; 0 is any free one, for whoever listens. */
export async function freePort(wanted: number, refusalOf = refusedAs): Promise<Found> {
  if (wanted === 0) return { port: 0 };
  let refusal: string | undefined;
  for (let port = wanted; port < Math.min(wanted + TRIES, 65_536); port++) {
    const code = await refusalOf(port);
    if (code === undefined) return { port, ...(refusal !== undefined && { refusal }) };
    refusal ??= code === 'EACCES' ? 'takes more rights than this has' : 'is taken';
  }
  return { port: 0, ...(refusal !== undefined && { refusal }) };
}

/** The system's code for why nobody can listen there now. */
function refusedAs(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'unknown'));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(undefined)));
  });
}
