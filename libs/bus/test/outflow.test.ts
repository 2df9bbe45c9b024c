import { expect, test } from 'vitest';
import { Outflow } from '../src/outflow.ts';

const KIB = 1024;

/** A server whose acknowledgements come when told. */
function server() {
  const waiting: PromiseWithResolvers<void>[] = [];
  const flush = (): Promise<void> => {
    const one = Promise.withResolvers<void>();
    waiting.push(one);
    return one.promise;
  };
  return { waiting, flush };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('admits up to the limit and no more while the server takes nothing', () => {
  const { waiting, flush } = server();
  const outflow = new Outflow(1000 * KIB, flush);
  expect(outflow.admit(600 * KIB)).toBe(true);
  expect(outflow.admit(600 * KIB)).toBe(false);
  expect(outflow.admit(400 * KIB)).toBe(true);
  expect(outflow.admit(1)).toBe(false);
  expect(waiting).toHaveLength(1);
});

test('makes room when the server has taken what was sent before it was asked', async () => {
  const { waiting, flush } = server();
  const outflow = new Outflow(1000 * KIB, flush);
  outflow.admit(600 * KIB);
  outflow.admit(400 * KIB);
  waiting[0]!.resolve();
  await turn();
  expect(outflow.admit(600 * KIB)).toBe(true);
  expect(outflow.admit(1)).toBe(false);
  expect(waiting).toHaveLength(2);
});

test('does not ask for every message', () => {
  const { waiting, flush } = server();
  const outflow = new Outflow(1000 * KIB, flush);
  for (let n = 0; n < 100; n++) outflow.admit(KIB);
  expect(waiting).toHaveLength(0);
});

test('starts anew with a new connection', async () => {
  const { waiting, flush } = server();
  const outflow = new Outflow(1000 * KIB, flush);
  outflow.admit(1000 * KIB);
  waiting[0]!.reject(new Error('connection lost'));
  await turn();
  expect(outflow.admit(1)).toBe(false);
  outflow.reset();
  expect(outflow.admit(1000 * KIB)).toBe(true);
  expect(waiting).toHaveLength(2);
});
