const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const KEY_BYTES = 32;
const CHECKSUM_BYTES = 2;

/** The Ed25519 key in what NATS writes of a user: `U…` the public key, `SU…` the seed of the private one. */
export function keyWithin(text: string): Uint8Array {
  const bits = [...text].map((each) => BASE32.indexOf(each).toString(2).padStart(5, '0')).join('');
  const bytes = Uint8Array.from(bits.match(/.{8}/g)!, (each) => Number.parseInt(each, 2));
  return bytes.slice(-KEY_BYTES - CHECKSUM_BYTES, -CHECKSUM_BYTES);
}
