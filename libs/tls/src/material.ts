import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { WitanError } from '@witan/errors';

/** Paths of PEM files. */
export interface TlsPaths {
  /** Authorities that certificates of the other side are checked with; those of the system where it is not given. */
  readonly caFile?: string | undefined;
  /** Own certificate, followed by those that lead to its authority. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

/** What the files hold, as `node:tls` takes it. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/**
 * Reads the files and sees that they are what they should be: certificates, and the key of the first of them. Whether
 * they are valid now is another question: {@link checkValidity}.
 *
 * @throws WITAN_ERR_CONFIG that names the file, and never what is in it
 */
export function readTls({ caFile, certFile, keyFile }: TlsPaths): TlsMaterial {
  const ca = caFile === undefined ? undefined : readCertificates(caFile);
  const cert = certFile === undefined ? undefined : readCertificates(certFile);
  const key = keyFile === undefined ? undefined : readKey(keyFile);
  if ((cert === undefined) !== (key === undefined)) {
    throw wrong(`${certFile ?? keyFile} needs its ${key === undefined ? 'private key' : 'certificate'} beside it`);
  }
  if (cert !== undefined && key !== undefined && !cert.all[0]!.checkPrivateKey(key.object)) {
    throw wrong(`${keyFile} is not the key of ${certFile}`);
  }
  return {
    ...(ca && { ca: ca.pem }),
    ...(cert && { cert: cert.pem }),
    ...(key && { key: key.pem }),
  };
}

/**
 * Sees whether the own certificate may be used at this time.
 * @throws WITAN_ERR_CERTIFICATE that names the file and the time
 */
export function checkValidity({ cert }: TlsMaterial, { certFile }: TlsPaths, now: Date): void {
  if (cert === undefined) return;
  const { validFromDate: from, validToDate: to } = new X509Certificate(cert);
  const problem = now > to ? `has expired at ${to.toISOString()}` : `is not valid before ${from.toISOString()}`;
  if (now > to || now < from)
    throw new WitanError('WITAN_ERR_CERTIFICATE', `the certificate in ${certFile} ${problem}`);
}

/**
 * When the first of the certificates in this file expires: from then on others do not accept the chain.
 * @throws WITAN_ERR_CONFIG that names the file
 */
export function expiryOf(certFile: string): Date {
  const ends = readCertificates(certFile).all.map(({ validToDate }) => validToDate.getTime());
  return new Date(Math.min(...ends));
}

function readCertificates(file: string): { pem: string; all: X509Certificate[] } {
  const pem = read(file);
  try {
    const all = [...pem.matchAll(CERTIFICATE)].map(([each]) => new X509Certificate(each));
    if (all.length > 0) return { pem, all };
  } catch {
    // Said below, without what is in it.
  }
  throw wrong(`${file} holds no certificate in PEM form`);
}

function readKey(file: string): { pem: string; object: KeyObject } {
  const pem = read(file);
  try {
    return { pem, object: createPrivateKey(pem) };
  } catch {
    throw wrong(`${file} holds no private key in PEM form without a passphrase`);
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw wrong(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function wrong(detail: string): WitanError {
  return new WitanError('WITAN_ERR_CONFIG', `TLS: ${detail}`);
}
