import { describe, expect, test } from 'vitest';
import { type AskResult, type Delivery, type FaultHook, MemoryHub, type Scheduler } from '../src/index.ts';
import { bytes, text } from './support.ts';

/** Time that passes only when told to. */
class Turns implements Scheduler {
  now = 0;
  #tasks: { at: number; fn: () => void }[] = [];

  defer(fn: () => void): void {
    this.setTimer(0, fn);
  }

  setTimer(afterMs: number, fn: () => void): unknown {
    const task = { at: this.now + afterMs, fn };
    this.#tasks.push(task);
    return task;
  }

  clearTimer(handle: unknown): void {
    this.#tasks = this.#tasks.filter((task) => task !== handle);
  }

  run(untilMs = Number.POSITIVE_INFINITY): void {
    for (;;) {
      const due = this.#tasks.filter((task) => task.at <= untilMs).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.clearTimer(due);
      this.now = due.at;
      due.fn();
    }
    if (Number.isFinite(untilMs)) this.now = untilMs;
  }
}

function setUp(faults?: FaultHook) {
  const turns = new Turns();
  const hub = new MemoryHub({ scheduler: turns, ...(faults === undefined ? {} : { faults }) });
  const [a, b, c] = [hub.connect('a'), hub.connect('b'), hub.connect('c')];
  const heard: string[] = [];
  for (const [name, bus] of Object.entries({ a, b, c })) {
    bus.subscribe('x', ({ payload }) => void heard.push(`${name} at ${turns.now}: ${text(payload)}`));
  }
  return { turns, hub, a, b, c, heard };
}

describe('the hub', () => {
  test('does nothing by itself: no promise, no timer, only the scheduler', () => {
    const { turns, a, heard } = setUp();
    a.publish('x', bytes('1'));
    expect(heard).toEqual([]);
    turns.run();
    expect(heard).toEqual(['a at 0: 1', 'b at 0: 1', 'c at 0: 1']);
  });

  test('takes each client once', () => {
    const { hub } = setUp();
    expect(() => hub.connect('a')).toThrow(/WITAN_ERR_INVALID/);
  });

  test('takes turns within a queue group, in the same way every time', () => {
    const { turns, a, b, c } = setUp();
    const got: string[] = [];
    for (const [name, bus] of Object.entries({ b, c })) {
      bus.subscribe('q', ({ payload }) => void got.push(`${name}${text(payload)}`), { queue: 'q' });
    }
    for (const n of ['1', '2', '3']) a.publish('q', bytes(n));
    turns.run();
    expect(got).toEqual(['b1', 'c2', 'b3']);
  });
});

describe('faults', () => {
  test('drop, delay, repeat, reorder and change, for each link by itself', () => {
    const script: Record<string, readonly Delivery[]> = {
      'a b 1': [{ afterMs: 20 }],
      'a b 2': [{ afterMs: 10 }, { afterMs: 30 }],
      'a c 1': [],
      'a c 2': [{ afterMs: 0, payload: bytes('changed') }],
    };
    const { turns, a, heard } = setUp(
      (from, to, { payload }) => script[`${from} ${to} ${text(payload)}`] ?? [{ afterMs: 0 }],
    );
    a.publish('x', bytes('1'));
    a.publish('x', bytes('2'));
    turns.run();
    expect(heard).toEqual(['a at 0: 1', 'a at 0: 2', 'c at 0: changed', 'b at 10: 2', 'b at 20: 1', 'b at 30: 2']);
  });

  test('hit replies as well, and can be ended', () => {
    const { turns, hub, a, b } = setUp((from, to) => (from === 'b' && to === 'a' ? [] : [{ afterMs: 0 }]));
    let asked = 0;
    b.subscribe('r', ({ respond }) => {
      asked++;
      respond?.(bytes('reply'));
    });
    const results: AskResult[] = [];
    a.ask('r', bytes(''), { timeoutMs: 100 }, (result) => results.push(result));
    turns.run(99);
    expect(results).toEqual([]);
    turns.run(100);
    expect(results).toEqual([{ ok: false, error: 'WITAN_ERR_TIMEOUT' }]);
    hub.faults = undefined;
    a.ask('r', bytes(''), { timeoutMs: 100 }, (result) => results.push(result));
    turns.run();
    expect(results[1]).toEqual({ ok: true, bytes: bytes('reply') });
    expect(asked).toBe(2);
  });

  test('see what a message is', () => {
    const seen: unknown[] = [];
    const { turns, a, b } = setUp((from, to, message) => {
      seen.push([from, to, message.subject, message.headers, message.reply !== undefined]);
      return [{ afterMs: 0 }];
    });
    b.subscribe('r', ({ respond }) => respond?.(bytes('')));
    a.ask('r', bytes(''), { timeoutMs: 100, headers: { k: 'v' } }, () => {});
    turns.run();
    expect(seen).toEqual([
      ['a', 'b', 'r', { k: 'v' }, true],
      ['b', 'a', expect.stringMatching(/^_INBOX\./), undefined, false],
    ]);
  });

  test('a reply that comes twice, or after the end, is heard once, or not at all', () => {
    const { turns, a, b } = setUp((from) => (from === 'b' ? [{ afterMs: 5 }, { afterMs: 50 }] : [{ afterMs: 0 }]));
    b.subscribe('r', ({ respond }) => respond?.(bytes('')));
    const results: AskResult[] = [];
    a.ask('r', bytes(''), { timeoutMs: 100 }, (result) => results.push(result));
    a.ask('r', bytes(''), { timeoutMs: 1 }, (result) => results.push(result));
    turns.run();
    expect(results).toEqual([
      { ok: false, error: 'WITAN_ERR_TIMEOUT' },
      { ok: true, bytes: bytes('') },
    ]);
  });
});

describe('clients that go', () => {
  test('a killed one is gone at once: it hears nothing, sends nothing, and none of its callbacks is called', () => {
    const { turns, hub, a, b, heard } = setUp();
    const results: unknown[] = [];
    b.subscribe('silent', () => {});
    a.ask('silent', bytes(''), { timeoutMs: 50 }, (result) => results.push(result));
    b.publish('x', bytes('on its way'));
    hub.disconnect('a');
    a.publish('x', bytes('from the dead'));
    turns.run();
    expect(heard).toEqual(['b at 0: on its way', 'c at 0: on its way']);
    expect(results).toEqual([]);
    expect(a.status).toBe('closed');
    const again = hub.connect('a');
    again.subscribe('x', () => void heard.push('reborn'));
    b.publish('x', bytes('2'));
    turns.run();
    expect(heard).toContain('reborn');
  });

  test('one that is cut off misses what is sent meanwhile, and its subscriptions live on', () => {
    const { turns, hub, a, b, heard } = setUp();
    const results: unknown[] = [];
    const statuses: string[] = [];
    b.onStatus((status) => statuses.push(status));
    a.subscribe('silent', () => {});
    b.ask('silent', bytes(''), { timeoutMs: 1000 }, (result) => results.push(result));
    turns.run(1);
    hub.setOnline('b', false);
    expect(results).toEqual([{ ok: false, error: 'WITAN_ERR_UNAVAILABLE' }]);
    a.publish('x', bytes('missed'));
    b.publish('x', bytes('dropped'));
    b.ask('x', bytes(''), { timeoutMs: 1000 }, (result) => results.push(result));
    turns.run(2);
    expect(results[1]).toEqual({ ok: false, error: 'WITAN_ERR_UNAVAILABLE' });
    hub.setOnline('b', true);
    a.publish('x', bytes('heard'));
    turns.run();
    expect(heard.filter((line) => line.startsWith('b'))).toEqual(['b at 2: heard']);
    expect(heard.filter((line) => line.includes('dropped'))).toEqual([]);
    expect(statuses).toEqual(['disconnected', 'connected']);
    expect(b.stats).toMatchObject({ disconnects: 1, dropped: 1 });
  });

  test('what is on its way to one that is cut off meanwhile is lost', () => {
    const { turns, hub, a, heard } = setUp();
    a.publish('x', bytes('1'));
    hub.setOnline('c', false);
    turns.run();
    expect(heard).toEqual(['a at 0: 1', 'b at 0: 1']);
  });

  test('no one online listens: that is known at once', () => {
    const { turns, hub, a, b } = setUp();
    b.subscribe('r', ({ respond }) => respond?.(bytes('')));
    hub.setOnline('b', false);
    const results: unknown[] = [];
    a.ask('r', bytes(''), { timeoutMs: 1000 }, (result) => results.push(result));
    turns.run(0);
    expect(results).toEqual([{ ok: false, error: 'WITAN_ERR_UNAVAILABLE' }]);
  });
});
