import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Certificate, issueCertificate, makeAuthority } from '@witan/nats';

/** What a certificate and its key are in. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface CertificateOptions {
  /** IP addresses and names that it is for; 127.0.0.1 and localhost unless given. */
  readonly names?: readonly string[];
  /** Since when and until when, from now; an hour ago and an hour hence unless given. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

const HOUR_MS = 3_600_000;

/** A certificate authority for tests, whose certificates may be as wrong as they like. */
export class Authority {
  readonly caFile: string;
  readonly #folder: string;
  readonly #own: Certificate;

  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#own = makeAuthority(name, fromNow(-HOUR_MS, HOUR_MS));
    this.caFile = join(folder, `${name}.pem`);
    writeFileSync(this.caFile, this.#own.certificate);
  }

  /** Writes `<file>.pem` and `<file>.key`, over those that were there. */
  issue(
    file: string,
    { names = ['127.0.0.1', 'localhost'], fromMs = -HOUR_MS, toMs = HOUR_MS }: CertificateOptions = {},
  ): CertificateFiles {
    const { certificate, key } = issueCertificate(this.#own, file, names, fromNow(fromMs, toMs));
    const files = { certFile: join(this.#folder, `${file}.pem`), keyFile: join(this.#folder, `${file}.key`) };
    writeFileSync(files.keyFile, key.export({ type: 'pkcs8', format: 'pem' }));
    writeFileSync(files.certFile, certificate);
    return files;
  }
}

function fromNow(fromMs: number, toMs: number) {
  const now = Date.now();
  return { fromMs: now + fromMs, toMs: now + toMs };
}

/** The part of nats-server's configuration that has it take TLS alone, from whoever shows a certificate of `caFile`. */
export function tlsConfig(caFile: string, { certFile, keyFile }: CertificateFiles): string {
  const [cert, key, ca] = [certFile, keyFile, caFile].map((file) => JSON.stringify(file));
  return `tls { cert_file: ${cert}, key_file: ${key}, ca_file: ${ca}, verify: true }\n`;
}
