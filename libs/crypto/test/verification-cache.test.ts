import { afterEach, expect, test } from 'vitest';
import {
  countOperations,
  encodeG1,
  Identity,
  keyPair,
  setVerificationCache,
  signShare,
  verifyIdentity,
  verifySignature,
} from '../src/index.ts';

const message = new TextEncoder().encode('said once, heard by many');
const node = Identity.fromSeed(new Uint8Array(32).fill(7));
const signature = node.sign(message);
const { secret, publicKey } = keyPair(1234n);
const sectionKey = encodeG1(publicKey);
const sectionSignature = signShare(secret, message);

afterEach(() => setVerificationCache(0));

const verifyBoth = () => [
  verifyIdentity(node.publicKey, message, signature),
  verifySignature(sectionKey, message, sectionSignature),
];

test('a verdict is computed once while it is remembered', () => {
  setVerificationCache(10);
  const first = countOperations(verifyBoth);
  const second = countOperations(verifyBoth);
  expect(first.result).toEqual([true, true]);
  expect(second.result).toEqual([true, true]);
  expect([first.counts.ed25519Verify, first.counts.verify]).toEqual([1, 1]);
  expect([second.counts.ed25519Verify, second.counts.verify]).toEqual([0, 0]);
});

test('what differs in key, message or signature is another question', () => {
  setVerificationCache(10);
  verifyBoth();
  const other = Identity.fromSeed(new Uint8Array(32).fill(8));
  const changed = signature.with(0, signature[0]! ^ 1);
  expect(verifyIdentity(other.publicKey, message, signature)).toBe(false);
  expect(verifyIdentity(node.publicKey, message.subarray(1), signature)).toBe(false);
  expect(verifyIdentity(node.publicKey, message, changed)).toBe(false);
  expect(verifySignature(sectionKey, message.subarray(1), sectionSignature)).toBe(false);
});

test('nothing is remembered unless asked for', () => {
  expect(countOperations(verifyBoth).counts.ed25519Verify).toBe(1);
  expect(countOperations(verifyBoth).counts.ed25519Verify).toBe(1);
});
