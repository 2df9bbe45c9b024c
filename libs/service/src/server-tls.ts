import type { Server } from 'node:https';
import { isWitanError } from '@witan/errors';
import type { CertificateUse, Logger } from '@witan/observability';
import { checkValidity, expiryOf, readTls, type TlsMaterial, type TlsPaths, watchTls } from '@witan/tls';

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

/** The settings that name a certificate of the service's own. */
const CERTIFICATES: Readonly<Record<string, CertificateUse>> = {
  natsTlsCertFile: 'nats',
  metricsTlsCertFile: 'metrics',
  httpTlsCertFile: 'api',
};

/** When the certificates that a configuration names expire, in milliseconds since the epoch, as their files are now. */
export function certificateExpiries(
  config: Readonly<Record<string, unknown>>,
): Partial<Record<CertificateUse, number>> {
  const named = Object.entries(CERTIFICATES).filter(([setting]) => typeof config[setting] === 'string');
  return Object.fromEntries(
    named.flatMap(([setting, use]) => {
      try {
        return [[use, expiryOf(config[setting] as string).getTime()]];
      } catch (error) {
        // A file that is being replaced, or was by something else: whoever uses it says so.
        if (!isWitanError(error)) throw error;
        return [];
      }
    }),
  );
}
