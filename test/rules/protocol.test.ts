import { describe, expect, test } from 'vitest';
import { CODE, read, withoutComments } from './repo.ts';

/** State machines without I/O: time and randomness come in, effects go out. */
const PROTOCOL = ['agreement', 'anti-entropy', 'chain', 'dkg', 'section'];

const FORBIDDEN: readonly [what: string, pattern: RegExp][] = [
  ['reads the clock', /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\bprocess\.hrtime\b/],
  ['makes randomness', /\bMath\.random\b|\brandomBytes\b|\brandomUUID\b|\bgetRandomValues\b|\bsecureRandom\b/],
  ['sets a timer', /\bsetTimeout\b|\bsetInterval\b|\bsetImmediate\b|\bqueueMicrotask\b|\bnextTick\b/],
  ['does I/O', /'node:(fs|net|tls|http|https|dgram|dns|child_process|worker_threads|sqlite|timers)[/']/],
  ['waits', /\basync\b|\bawait\b|\bnew Promise\b|\bPromise\./],
  ['reads the environment', /\bprocess\.env\b/],
  ['talks to a person', /\bconsole\./],
  ['knows the bus', /@nats-io\/|'@witan\/bus'/],
];

describe.each(PROTOCOL)('libs/%s, a protocol library,', (lib) => {
  const files = CODE.filter((path) => path.startsWith(`libs/${lib}/src/`));

  test.each(FORBIDDEN)('never %s', (_, pattern) => {
    expect(files).not.toEqual([]);
    const found = files.flatMap((path) =>
      withoutComments(read(path))
        .split('\n')
        .filter((line) => pattern.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    );
    expect(found).toEqual([]);
  });
});
