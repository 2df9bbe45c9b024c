import { generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';

/** Since when and until when something counts; milliseconds of Unix time, of which the seconds are used. */
export interface Validity {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A certificate (P-256, X.509 version 3, RFC 5280) with its key. */
export interface Certificate {
  /** PEM. */
  readonly certificate: string;
  readonly key: KeyObject;
}

/** One that may sign others. */
export function makeAuthority(name: string, validity: Validity): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const extensions = [extension(BASIC_CONSTRAINTS, sequence(TRUE), true)];
  return {
    certificate: certify({ issuer: name, subject: name, publicKey, extensions, validity }, privateKey),
    key: privateKey,
  };
}

/** @param names IP addresses and host names that it is for */
export function issueCertificate(
  authority: Certificate,
  subject: string,
  names: readonly string[],
  validity: Validity,
): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const extensions = [extension(SUBJECT_ALTERNATIVE_NAME, sequence(...names.map(generalName)), false)];
  const issuer = commonName(authority.certificate);
  return { certificate: certify({ issuer, subject, publicKey, extensions, validity }, authority.key), key: privateKey };
}

function commonName(certificate: string): string {
  return new X509Certificate(certificate).subject.replace(/^CN=/, '');
}

interface Statement {
  readonly issuer: string;
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
  readonly validity: Validity;
}

function certify({ issuer, subject, publicKey, extensions, validity }: Statement, key: KeyObject): string {
  const serial = randomBytes(8);
  serial[0] = 1;
  const statement = sequence(
    tagged(0xa0, integer(Buffer.of(2))),
    integer(serial),
    ECDSA_WITH_SHA256,
    distinguishedName(issuer),
    sequence(time(validity.fromMs), time(validity.toMs)),
    distinguishedName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions)),
  );
  const certificate = sequence(statement, ECDSA_WITH_SHA256, bits(sign('sha256', statement, key)));
  const lines = certificate.toString('base64').replace(/.{64}/g, '$&\n').trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
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

/** Two digits of the year as long as that says which. */
function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '');
  return text < '2050' ? tagged(0x17, Buffer.from(text.slice(2))) : tagged(0x18, Buffer.from(text));
}

function objectId(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'));
}

function distinguishedName(name: string): Buffer {
  return sequence(tagged(0x31, sequence(objectId('550403'), tagged(0x0c, Buffer.from(name)))));
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
