import { format, inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { keyPair, ORDER, SecretScalar, scalarToBytes, signShare } from '../src/index.ts';
import { answerOf, fill } from './oracle.ts';

const VALUE = 0x1122334455667788n;

describe('a secret scalar', () => {
  test('shows in no text, JSON, log or inspection, alone or inside something', () => {
    const secret = new SecretScalar(VALUE);
    const texts = [
      `${secret}`,
      JSON.stringify(secret),
      JSON.stringify({ share: [secret] }),
      inspect(secret),
      inspect({ deep: { secret } }, { depth: 9, showHidden: true, getters: true }),
      format('%s %o %O %j', secret, secret, secret, secret),
      Object.keys(secret).join(),
    ];
    for (const text of texts) expect(text).not.toMatch(/11223344|1234605616436508552|17,\s*34/);
    expect(inspect({ secret })).toBe('{ secret: [secret] }');
    expect(JSON.stringify({ secret })).toBe('{"secret":"[secret]"}');
  });

  test('is revealed where asked for', () => {
    expect(new SecretScalar(VALUE).reveal()).toBe(VALUE);
    expect(SecretScalar.fromBytes(scalarToBytes(VALUE)).reveal()).toBe(VALUE);
    expect(new SecretScalar(VALUE).toBytes()).toEqual(scalarToBytes(VALUE));
    expect(answerOf(() => SecretScalar.fromBytes(scalarToBytes(ORDER)))).toBe('WITAN_ERR_MALFORMED');
  });

  test('is gone after it is destroyed, also by `using`', () => {
    const secret = new SecretScalar(VALUE);
    const copy = secret.toBytes();
    secret.destroy();
    secret.destroy();
    expect(answerOf(() => secret.reveal())).toBe('WITAN_ERR_INVALID');
    expect(answerOf(() => secret.toBytes())).toBe('WITAN_ERR_INVALID');
    expect(answerOf(() => signShare(secret, fill(1)))).toBe('WITAN_ERR_INVALID');
    expect(copy).toEqual(scalarToBytes(VALUE));
    const scoped = new SecretScalar(VALUE);
    scoped[Symbol.dispose]();
    expect(answerOf(() => scoped.reveal())).toBe('WITAN_ERR_INVALID');
  });

  test('signs without being revealed', () => {
    const { secret } = keyPair(VALUE);
    expect(signShare(secret, fill(1))).toEqual(signShare(VALUE, fill(1)));
    expect(secret.reveal()).toBe(VALUE);
  });
});
