import { silentLogger } from '@witan/observability';
import { VirtualClock } from '@witan/runtime';
import { expect, test } from 'vitest';
import { sayWhatIsWaitedFor } from '../src/no-section.ts';
import { foundedElsewhere } from '../src/settings.ts';

function setUp() {
  const clock = new VirtualClock();
  const said: string[] = [];
  const log = {
    ...silentLogger,
    warn: (fields: { event: string }, text: string) => said.push(`${fields.event} ${text}`),
  };
  let known = false;
  let heard = 0;
  const end = sayWhatIsWaitedFor(
    log as unknown as typeof silentLogger,
    clock,
    () => known,
    () => `${heard++} heard`,
  );
  return {
    clock,
    said,
    end,
    know: () => {
      known = true;
    },
  };
}

test('what a node without a section waits for is said every half minute, as it is then', () => {
  const { clock, said } = setUp();
  clock.advance(29_000);
  expect(said).toEqual([]);
  clock.advance(61_000);
  expect(said).toEqual(['no-section 0 heard', 'no-section 1 heard', 'no-section 2 heard']);
});

test('no more once there is one, or the process stops', () => {
  const known = setUp();
  known.know();
  const stopped = setUp();
  stopped.end();
  for (const { clock, said } of [known, stopped]) {
    clock.advance(600_000);
    expect(said).toEqual([]);
    expect(clock.pending).toBe(0);
  }
});

test.each([
  [
    { genesis: 'create', genesisKey: undefined, genesisHost: 'node-0' },
    '; WITAN_GENESIS_HOST has node-0 make one, and this host is node-3',
  ],
  [{ genesis: 'create', genesisKey: undefined, genesisHost: 'node-3' }, ''],
  [{ genesis: 'create', genesisKey: undefined, genesisHost: undefined }, ''],
  [{ genesis: 'create', genesisKey: 'a0'.repeat(48), genesisHost: 'node-0' }, ''],
  [{ genesis: 'join', genesisKey: undefined, genesisHost: 'node-0' }, ''],
] as const)('%j: who is to make the first key is named where it is another host: "%s"', (config, expected) => {
  expect(foundedElsewhere(config, 'node-3')).toBe(expected);
});
