import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

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

/** A certificate authority for tests, whose certificates (P-256, X.509 version 3, RFC 5280) may be as wrong as they like. */
export class Authority {
  readonly caFile: string;
  readonly #folder: string;
  readonly #name: string;
  readonly #key: KeyObject;

  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#key = privateKey;
    this.caFile = join(folder, `${name}.pem`);
    const extensions = [extension(BASIC_CONSTRAINTS, sequence(TRUE), true)];
    writeFileSync(this.caFile, this.#certify(name, publicKey, extensions, -HOUR_MS, HOUR_MS));
  }

  /** Writes `<file>.pem` and `<file>.key`, over those that were there. */
  issue(file: string, { names = ['127.0.0.1', 'localhost'], fromMs, toMs }: CertificateOptions = {}): CertificateFiles {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const files = { certFile: join(this.#folder, `${file}.pem`), keyFile: join(this.#folder, `${file}.key`) };
    const alternatives = sequence(...names.map(generalName));
    const extensions = [extension(SUBJECT_ALTERNATIVE_NAME, alternatives, false)];
    writeFileSync(files.keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    writeFileSync(files.certFile, this.#certify(file, publicKey, extensions, fromMs ?? -HOUR_MS, toMs ?? HOUR_MS));
    return files;
  }

  #certify(subject: string, key: KeyObject, extensions: Buffer[], fromMs: number, toMs: number): string {
    const time = (offsetMs: number) =>
      tagged(0x18, Buffer.from(new Date(Date.now() + offsetMs).toISOString().replace(/[-:T]|\.\d+/g, '')));
    const serial = randomBytes(8);
    serial[0] = 1;
    const statement = sequence(
      tagged(0xa0, integer(Buffer.of(2))),
      integer(serial),
      ECDSA_WITH_SHA256,
      distinguishedName(this.#name),
      sequence(time(fromMs), time(toMs)),
      distinguishedName(subject),
      key.export({ type: 'spki', format: 'der' }),
      tagged(0xa3, sequence(...extensions)),
    );
    const signature = sign('sha256', statement, createPrivateKey(this.#key.export({ type: 'pkcs8', format: 'pem' })));
    const certificate = sequence(statement, ECDSA_WITH_SHA256, bits(signature));
    const lines = certificate.toString('base64').replace(/.{64}/g, '$&\n').trimEnd();
    return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
  }
}

/** The part of nats-server's configuration that has it take TLS alone, from whoever shows a certificate of `caFile`. */
export function tlsConfig(caFile: string, { certFile, keyFile }: CertificateFiles): string {
  const [cert, key, ca] = [certFile, keyFile, caFile].map((file) => JSON.stringify(file));
  return `tls { cert_file: ${cert}, key_file: ${key}, ca_file: ${ca}, verify: true }\n`;
}

// DER (X.690), as far as a certificate needs it.
function tagged(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const { length } = body;
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...head), body]);
}

function sequence(...content: readonly Buffer[]): Buffer {
  return tagged(0x30, ...content);
}

function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes);
}

function bits(bytes: Buffer): Buffer {
  return tagged(0x03, Buffer.of(0), bytes);
}

function objectId(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'));
}

function distinguishedName(commonName: string): Buffer {
  return sequence(tagged(0x31, sequence(objectId('550403'), tagged(0x0c, Buffer.from(commonName)))));
}

function extension(id: Buffer, value: Buffer, isCritical: boolean): Buffer {
  return sequence(id, ...(isCritical ? [TRUE] : []), tagged(0x04, value));
}

function generalName(name: string): Buffer {
  const isAddress = /^[\d.]+$/.test(name);
  return isAddress ? tagged(0x87, Buffer.from(name.split('.').map(Number))) : tagged(0x82, Buffer.from(name));
}

const TRUE = tagged(0x01, Buffer.of(0xff));
const ECDSA_WITH_SHA256 = sequence(objectId('2a8648ce3d040302'));
const BASIC_CONSTRAINTS = objectId('551d13');
const SUBJECT_ALTERNATIVE_NAME = objectId('551d11');
