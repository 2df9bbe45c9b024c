import type { Server } from 'node:https';
import type { Logger } from '@witan/observability';
import { checkValidity, readTls, type TlsMaterial, type TlsPaths, watchTls } from '@witan/tls';

/** Certificate and key of a server, and what happens to them. */
export interface ServerTlsOptions {
  readonly paths: TlsPaths;
  /** How often the files are looked at. */
  readonly everyMs: number;
  readonly log: Logger;
  /** Which port this is about, for the log: `API`. */
  readonly port: string;
}

export class ServerTls {
  /** What the server is made with. */
  readonly material: TlsMaterial;
  readonly #options: ServerTlsOptions;

  /** @throws WITAN_ERR_CONFIG for files that are not what they should be */
  constructor(options: ServerTlsOptions) {
    this.#options = options;
    this.material = readTls(options.paths);
    this.#warn(this.material);
  }

  /** Replaces the server's certificate when the files are replaced; connections that are open stay. @returns ends it */
  follow(server: Server): () => void {
    const { paths, everyMs, log, port } = this.#options;
    return watchTls(paths, {
      everyMs,
      onChange: (material) => {
        server.setSecureContext(material);
        log.info({ event: 'certificates', port }, 'new certificates are in use');
        this.#warn(material);
      },
      onError: (err) => log.error({ event: 'certificates', port, err }, 'the new certificates are not used'),
    });
  }

  /** Clients will refuse it; a new one may be on its way. */
  #warn(material: TlsMaterial): void {
    const { paths, log, port } = this.#options;
    try {
      checkValidity(material, paths, new Date());
    } catch (err) {
      log.error({ event: 'certificates', port, err }, 'clients will not accept this certificate');
    }
  }
}

/** The paths, if any is set. */
export function tlsPaths(paths: TlsPaths): TlsPaths | undefined {
  return Object.values(paths).some((path) => path !== undefined) ? paths : undefined;
}
