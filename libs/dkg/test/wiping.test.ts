import type * as crypto from '@witan/crypto';
import { expect, test, vi } from 'vitest';
import { isDone } from '../src/index.ts';
import { identities, Net, seedOf } from './support.ts';

type Crypto = typeof crypto;

/** Secret bytes as they went in and out, with what they were then: the same bytes are looked at again in the end. */
const secrets = vi.hoisted(() => [] as { readonly what: string; readonly bytes: Uint8Array; readonly was: string }[]);

vi.mock('@witan/crypto', async (importOriginal) => {
  const real = await importOriginal<Crypto>();
  const note = (what: string, bytes: Uint8Array) => {
    secrets.push({ what, bytes, was: Buffer.from(bytes).toString('hex') });
    return bytes;
  };
  return {
    ...real,
    ephemeralFromSeed: (seed: Uint8Array) => {
      const keys = real.ephemeralFromSeed(note('seed of the session key', seed));
      note('session key', keys.privateKey);
      return keys;
    },
    sealTo: (to: Uint8Array, secret: Uint8Array, plain: Uint8Array, context: Uint8Array) =>
      real.sealTo(to, note('sealing secret', secret), note('share to seal', plain), context),
    openSealed: (...args: Parameters<Crypto['openSealed']>) => note('opened share', real.openSealed(...args)),
  } satisfies Crypto;
});

const ZERO = /^0*$/;

test('what a session derives from its seed is overwritten when it has been used, and what is sent again is the same', () => {
  const members = identities(3);
  const net = new Net(members).start().run();
  expect(net.nodes.every((node) => isDone(node.state) && node.state.secretShare !== undefined)).toBe(true);
  const kinds = [...new Set(secrets.map(({ what }) => what))].sort();
  expect(kinds).toEqual(['opened share', 'sealing secret', 'seed of the session key', 'session key', 'share to seal']);
  expect(secrets.filter(({ was }) => ZERO.test(was))).toEqual([]);
  const left = secrets.filter(({ bytes }) => !ZERO.test(Buffer.from(bytes).toString('hex')));
  expect(left.map(({ what }) => what)).toEqual([]);
  // A second time, from the same seed, as after a batch that was not persisted.
  expect(
    new Net(members)
      .start()
      .run()
      .nodes.map(({ said }) => said),
  ).toEqual(net.nodes.map(({ said }) => said));
  expect(net.nodes.map(({ state }) => state.seed)).toEqual(members.map((_, index) => seedOf(index)));
});
