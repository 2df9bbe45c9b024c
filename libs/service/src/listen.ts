import type { Server } from 'node:net';
import { WitanError } from '@witan/errors';

/** Where a server should listen, and the settings that said so. */
export interface ListenTarget {
  readonly host: string;
  readonly port: number;
  /** Prefix of both settings: `WITAN_METRICS` for `WITAN_METRICS_HOST` and `WITAN_METRICS_PORT`. */
  readonly settings: string;
}

/** Why a server could not listen, as an error that names the setting to change. */
export function listenError(error: unknown, { host, port, settings }: ListenTarget): WitanError {
  const code = (error as NodeJS.ErrnoException).code;
  const setting = code === 'EADDRINUSE' || code === 'EACCES' ? `${settings}_PORT=${port}` : `${settings}_HOST=${host}`;
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `another process listens on ${host}:${port}`,
    EACCES: 'this process may not listen on that port',
    EADDRNOTAVAIL: 'this machine has no such address',
    ENOTFOUND: 'the name has no address',
    EAI_AGAIN: 'the name could not be looked up',
  };
  const reason = reasons[code ?? ''] ?? (error instanceof Error ? error.message : String(error));
  return new WitanError('WITAN_ERR_CONFIG', `${setting}: ${reason}`, { cause: error });
}

/** Starts a server. @returns its URL with the port that it got. @throws WitanError `WITAN_ERR_CONFIG` */
export function listen(server: Server, target: ListenTarget, scheme: 'http' | 'https'): Promise<string> {
  return new Promise((resolve, reject) => {
    const refused = (error: Error): void => reject(listenError(error, target));
    server.once('error', refused);
    server.listen(target.port, target.host, () => {
      server.off('error', refused);
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : target.port;
      resolve(`${scheme}://${target.host.includes(':') ? `[${target.host}]` : target.host}:${port}`);
    });
  });
}
