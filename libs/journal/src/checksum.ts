import { hash } from 'node:crypto';

const CHECKSUM_BYTES = 8;

/**
 * What is stored beside a record: it covers the place (stream and sequence number, or key) and the body, so that a
 * record that a disk moved is found as well as one that it changed. It guards against damage, not against a forger.
 */
export function recordChecksum(stream: string, seq: number, body: Uint8Array): Uint8Array {
  return checksum(`record ${seq} ${stream}\n`, body);
}

export function itemChecksum(key: string, value: Uint8Array): Uint8Array {
  return checksum(`item ${key}\n`, value);
}

export function sameChecksum(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Node takes twice as long to give a digest as bytes. */
function checksum(place: string, body: Uint8Array): Uint8Array {
  const all = Buffer.concat([Buffer.from(place, 'latin1'), body]);
  return Buffer.from(hash('sha256', all, 'binary').slice(0, CHECKSUM_BYTES), 'latin1');
}
