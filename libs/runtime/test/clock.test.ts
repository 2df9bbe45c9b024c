import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { systemClock, VirtualClock } from '../src/index.ts';

describe('virtual clock', () => {
  test('runs tasks by time, and by order within a moment', () => {
    const clock = new VirtualClock(1000);
    const log: string[] = [];
    const note = (what: string) => (): number => log.push(`${what} at ${clock.now()}`);
    clock.setTimer(20, note('c'));
    clock.setTimer(10, note('a'));
    clock.setTimer(10, note('b'));
    clock.defer(note('now'));
    expect(clock.nextAt).toBe(1000);
    expect(clock.run()).toBe(4);
    expect(log).toEqual(['now at 1000', 'a at 1010', 'b at 1010', 'c at 1020']);
  });

  test('advances to the end of the time given, running what is due, also what comes up on the way', () => {
    const clock = new VirtualClock();
    const log: number[] = [];
    const tick = (): void => {
      log.push(clock.now());
      clock.setTimer(10, tick);
    };
    clock.setTimer(10, tick);
    expect(clock.advance(35)).toBe(3);
    expect(log).toEqual([10, 20, 30]);
    expect(clock.now()).toBe(35);
    expect(clock.pending).toBe(1);
  });

  test('a cleared timer does not run; clearing it again, or after it ran, does nothing', () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    const a = clock.setTimer(1, () => log.push('a'));
    const b = clock.setTimer(2, () => log.push('b'));
    clock.clearTimer(a);
    clock.clearTimer(a);
    expect(clock.pending).toBe(1);
    clock.run();
    clock.clearTimer(b);
    expect(log).toEqual(['b']);
    expect(clock.pending).toBe(0);
    expect(clock.nextAt).toBeUndefined();
  });

  test('runs until something is so, or gives up', () => {
    const clock = new VirtualClock();
    let ticks = 0;
    const tick = (): void => {
      ticks++;
      clock.setTimer(10, tick);
    };
    tick();
    expect(clock.runUntil(() => ticks === 4, 1000)).toBe(true);
    expect(clock.now()).toBe(30);
    expect(clock.runUntil(() => false, 100)).toBe(false);
    expect(clock.now()).toBe(130);
    expect(clock.run(5)).toBe(5);
    expect(new VirtualClock().runUntil(() => false, 100)).toBe(false);
  });

  test('agrees with sorting, whatever is set and cleared', () => {
    const tasks = fc.array(fc.record({ at: fc.nat(20), cleared: fc.boolean() }), { maxLength: 60 });
    fc.assert(
      fc.property(tasks, (all) => {
        const clock = new VirtualClock();
        const ran: number[] = [];
        const handles = all.map(({ at }, i) => clock.setTimer(at, () => ran.push(i)));
        all.forEach(({ cleared }, i) => {
          if (cleared) clock.clearTimer(handles[i]);
        });
        clock.run();
        const expected = all
          .map(({ at, cleared }, i) => ({ at, cleared, i }))
          .filter(({ cleared }) => !cleared)
          .sort((a, b) => a.at - b.at || a.i - b.i);
        expect(ran).toEqual(expected.map(({ i }) => i));
      }),
    );
  });
});

describe('system clock', () => {
  test('goes forward, keeps its timers, and defers until after the code that runs', async () => {
    const log: string[] = [];
    const before = systemClock.now();
    await new Promise<void>((resolve) => {
      const never = systemClock.setTimer(0, () => log.push('never'));
      systemClock.clearTimer(never);
      systemClock.setTimer(5, () => {
        log.push('timer');
        resolve();
      });
      systemClock.defer(() => log.push('first'));
      systemClock.defer(() => log.push('second'));
      log.push('now');
    });
    expect(log).toEqual(['now', 'first', 'second', 'timer']);
    expect(systemClock.now()).toBeGreaterThan(before);
  });

  test('a timer longer than the system can count waits as long as it can', async () => {
    const log: string[] = [];
    const far = systemClock.setTimer(1e12, () => log.push('far'));
    await new Promise<void>((resolve) => systemClock.setTimer(5, resolve));
    systemClock.clearTimer(far);
    expect(log).toEqual([]);
  });
});
