import { WitanError } from '@witan/errors';
import { VirtualClock } from '@witan/runtime';
import { expect, test } from 'vitest';
import { whenFree } from '../src/index.ts';

const locked = new WitanError('WITAN_ERR_LOCKED', 'in use');

/** Something that is in use until then, and what came of waiting for it. */
async function waitFor(open: (nowMs: number) => string) {
  const clock = new VirtualClock();
  const waits: unknown[] = [];
  let tries = 0;
  const tried = () => {
    tries++;
    return open(clock.now());
  };
  let ended = false;
  const outcome = whenFree(tried, clock, (error) => waits.push(error))
    .then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    )
    .finally(() => {
      ended = true;
    });
  for (let turn = 0; !ended && turn < 10_000; turn++) {
    await Promise.resolve();
    if (clock.pending > 0) clock.advance(1);
  }
  return { ...(await outcome), waits, tries, afterMs: clock.now() };
}

const freeAt = (atMs: number) => (nowMs: number) => {
  if (nowMs < atMs) throw locked;
  return 'open';
};

test('what is free is opened at once', async () => {
  expect(await waitFor(() => 'open')).toEqual({ value: 'open', waits: [], tries: 1, afterMs: 0 });
});

test('what is in use is waited for, and that is said once', async () => {
  const { afterMs, tries, ...rest } = await waitFor(freeAt(3000));
  expect(rest).toEqual({ value: 'open', waits: [locked] });
  expect(afterMs).toBeGreaterThanOrEqual(3000);
  expect(afterMs).toBeLessThan(3200);
  expect(tries).toBeGreaterThan(10);
});

test('it is not waited for without end', async () => {
  const { error, afterMs } = (await waitFor(freeAt(60_000))) as { error: unknown; afterMs: number };
  expect(error).toBe(locked);
  expect(afterMs).toBeGreaterThanOrEqual(5000);
  expect(afterMs).toBeLessThan(6000);
});

test('nothing else is tried again', async () => {
  const full = new WitanError('WITAN_ERR_STORE_FULL', 'no room');
  const outcome = await waitFor(() => {
    throw full;
  });
  expect(outcome).toEqual({ error: full, waits: [], tries: 1, afterMs: 0 });
});
