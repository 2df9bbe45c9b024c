import { WitanError } from '@witan/errors';
import { describe, expect, test } from 'vitest';
import { broadcast, bytes, command, durable, lazy, report, TestMachine, text, World } from './support.ts';

describe('mailbox', () => {
  test('nothing happens before the clock says so, then all that waits is one batch', () => {
    const world = new World();
    const actor = world.started();
    actor.send(command('a', durable('1'), broadcast('x')));
    actor.send(command('b', durable('2'), broadcast('y')));
    expect(actor.state).toEqual([]);
    expect(actor.depth).toBe(2);
    world.clock.run();
    expect(actor.state).toEqual(['a', 'b']);
    expect(actor.depth).toBe(0);
    expect(world.log).toEqual(['synced 1 2', 'broadcast x', 'broadcast y']);
  });

  test('a batch is bounded, and the rest comes next', () => {
    const world = new World();
    const batches: number[] = [];
    const actor = world.started({ batchLimit: 2, observer: { stepped: (_, events) => batches.push(events) } });
    for (const name of 'abcde') actor.send(command(name));
    world.clock.run();
    expect(batches).toEqual([2, 2, 1]);
    expect(actor.state).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('a full one refuses and counts, and takes again when there is room', () => {
    const world = new World();
    let overflowed = 0;
    const actor = world.started({ mailboxLimit: 2, observer: { overflowed: () => overflowed++ } });
    expect(['a', 'b', 'c'].map((name) => actor.send(command(name)))).toEqual([true, true, false]);
    expect(overflowed).toBe(1);
    world.clock.run();
    expect(actor.send(command('d'))).toBe(true);
    world.clock.run();
    expect(actor.state).toEqual(['a', 'b', 'd']);
  });

  test('one that is full of bytes refuses too, and takes again when they are gone', () => {
    const world = new World();
    let overflowed = 0;
    const actor = world.started({ mailboxBytes: 100, batchLimit: 1, observer: { overflowed: () => overflowed++ } });
    const message = (name: string, length: number) => ({ ...command(name), bytes: new Uint8Array(length) });
    expect(actor.send(message('a', 60))).toBe(true);
    expect(actor.send(message('b', 41))).toBe(false);
    expect(actor.send(message('c', 40))).toBe(true);
    expect(actor.send(message('d', 1))).toBe(false);
    expect(actor.send(command('no message'))).toBe(true);
    expect(overflowed).toBe(2);
    world.clock.step();
    expect([actor.send(message('e', 61)), actor.send(message('f', 60))]).toEqual([false, true]);
    world.clock.run();
    expect(actor.state).toEqual(['a', 'c', 'no message', 'f']);
    expect(actor.send(message('g', 100))).toBe(true);
  });

  test('timers and responses come in even when it is full', () => {
    const world = new World();
    const actor = world.started({ mailboxLimit: 1, batchLimit: 1 });
    actor.send(command('a', { type: 'setTimer', id: 't', afterMs: 0 }));
    world.clock.step();
    actor.send(command('b'));
    expect(actor.send(command('c'))).toBe(false);
    world.clock.run();
    expect(actor.state).toEqual(['a', 'b', 'timer t at 0']);
  });

  test('what the own process tells comes in even when it is full, in order, and takes no room of others', () => {
    const world = new World();
    const actor = world.started({ mailboxLimit: 2, mailboxBytes: 10 });
    for (const name of ['a', 'b']) actor.tell({ ...command(name), ...{ bytes: new Uint8Array(100) } });
    expect(['c', 'd', 'e'].map((name) => actor.send(command(name)))).toEqual([true, true, false]);
    actor.tell(command('f'));
    expect(actor.depth).toBe(5);
    world.clock.run();
    expect(actor.state).toEqual(['a', 'b', 'c', 'd', 'f']);
    expect(['g', 'h', 'i'].map((name) => actor.send(command(name)))).toEqual([true, true, false]);
    actor.stop();
    actor.tell(command('j'));
    expect(actor.depth).toBe(0);
  });

  test('an event that a port sends back is taken in a later batch', () => {
    const world = new World();
    const actor = world.started({
      ports: { ...world.ports, broadcast: (_, what) => actor.send(command(`echo ${text(what)}`)) },
    });
    actor.send(command('a', broadcast('1'), broadcast('2')));
    world.clock.run();
    expect(actor.state).toEqual(['a', 'echo 1', 'echo 2']);
  });

  test('events sent before the start wait for it', () => {
    const world = new World();
    const actor = world.actor();
    expect(actor.send(command('early'))).toBe(true);
    world.clock.run();
    expect(actor.state).toEqual([]);
    actor.start();
    world.clock.run();
    expect(actor.state).toEqual(['early']);
  });

  test('a stopped actor takes nothing and does nothing', () => {
    const world = new World();
    const actor = world.started();
    actor.send(command('a', broadcast('x')));
    actor.stop();
    expect(actor.send(command('b'))).toBe(false);
    world.clock.run();
    expect(world.log).toEqual([]);
    expect(actor.status).toBe('stopped');
  });
});

describe('persist before send', () => {
  test('one transaction for the batch, then the other effects in the order in which they were asked for', () => {
    const world = new World();
    const actor = world.started();
    actor.send(command('a', broadcast('1'), durable('r1'), report('2')));
    actor.send(command('b', { type: 'reply', id: 'q', bytes: bytes('3') }, lazy('r2'), broadcast('4')));
    world.clock.run();
    expect(world.log).toEqual(['synced r1 r2', 'broadcast 1', 'report 2', 'reply q 3', 'broadcast 4']);
  });

  test('nothing is synced when only lazy records stand before what leaves', () => {
    const world = new World();
    const actor = world.started();
    actor.send(command('a', lazy('r1'), broadcast('1')));
    world.clock.run();
    expect(world.log).toEqual(['lazy r1', 'broadcast 1']);
    expect(world.journal.crash({ keepUnsynced: false }).stream('test').read()).toEqual([]);
  });

  test('a durable record with nothing after it is synced when something is about to leave, later', () => {
    const world = new World();
    const actor = world.started();
    actor.send(command('a', broadcast('0'), durable('r1')));
    world.clock.run();
    actor.send(command('b', { type: 'setTimer', id: 't', afterMs: 1_000_000 }));
    world.clock.advance(1);
    expect(world.log).toEqual(['lazy r1', 'broadcast 0']);
    actor.send(command('c', broadcast('1')));
    actor.send(command('d', broadcast('2')));
    world.clock.advance(1);
    expect(world.log).toEqual(['lazy r1', 'broadcast 0', 'sync', 'broadcast 1', 'broadcast 2']);
    actor.send(command('e', broadcast('3')));
    world.clock.advance(1);
    expect(world.log.slice(5)).toEqual(['broadcast 3']);
  });

  test.each([
    ['broadcast', broadcast('x')],
    ['reply', { type: 'reply', id: 'q', bytes: bytes('x') }],
    ['request', { type: 'request', to: 'n', verb: 'v', bytes: bytes('x'), timeoutMs: 1, tag: 't' }],
    ['report', report('x')],
  ] as const)('a %s waits for the sync', (_, effect) => {
    const world = new World();
    const actor = world.started();
    actor.send(command('a', durable('r'), effect));
    world.clock.step();
    expect(world.log[0]).toBe('synced r');
    expect(world.log).toHaveLength(2);
  });

  test('compacting stands for all before it, and is synced', () => {
    const world = new World();
    const actor = world.started();
    actor.send(command('a', durable('old')));
    world.clock.run();
    actor.send(command('b', lazy('never written')));
    actor.send(command('c', { type: 'compact', records: [{ record: bytes('all') }] }, lazy('more'), broadcast('x')));
    world.clock.run();
    expect(world.log).toEqual(['lazy old', 'replaced all more', 'broadcast x']);
    expect(world.journal.crash({ keepUnsynced: false }).stream('test').length).toBe(2);
  });

  test('an actor that is killed by its disk sends nothing', () => {
    const world = new World();
    const stream = world.stream();
    const actor = world.started({
      stream: {
        ...stream,
        append: (records, sync) => {
          stream.append(records, sync);
          actor.stop();
        },
      },
    });
    actor.send(command('a', durable('r'), broadcast('x')));
    world.clock.run();
    expect(world.log).toEqual(['synced r']);
  });
});

describe('effects', () => {
  test('a timer comes back with its id and the time; setting it again moves it, cancelling ends it', () => {
    const world = new World();
    const actor = world.started();
    actor.send(command('a', { type: 'setTimer', id: 'x', afterMs: 100 }, { type: 'setTimer', id: 'y', afterMs: 50 }));
    actor.send(command('b', { type: 'setTimer', id: 'z', afterMs: 10 }));
    world.clock.advance(20);
    actor.send(command('c', { type: 'setTimer', id: 'x', afterMs: 300 }, { type: 'cancelTimer', id: 'y' }));
    actor.send(command('d', { type: 'cancelTimer', id: 'never set' }));
    world.clock.run();
    expect(actor.state).toEqual(['a', 'b', 'timer z at 10', 'c', 'd', 'timer x at 320']);
  });

  test('a request is answered by an event with its tag, once', () => {
    const world = new World();
    const actor = world.started();
    const request = (tag: string) =>
      ({ type: 'request', to: 'node', verb: 'ae.dkg', bytes: bytes(tag), timeoutMs: 100, tag }) as const;
    actor.send(command('a', request('one'), request('two')));
    world.clock.run();
    expect(world.requests.map(({ to, verb }) => ({ to, verb }))).toEqual([
      { to: 'node', verb: 'ae.dkg' },
      { to: 'node', verb: 'ae.dkg' },
    ]);
    world.requests[1]!.done({ ok: false, error: 'WITAN_ERR_TIMEOUT' });
    world.requests[0]!.done({ ok: true, bytes: bytes('answer') });
    world.requests[0]!.done({ ok: true, bytes: bytes('answered twice') });
    world.clock.run();
    expect(actor.state).toEqual(['a', 'response two: WITAN_ERR_TIMEOUT', 'response one: answer']);
  });

  test('a port that throws loses that effect only, and is counted', () => {
    const world = new World();
    const failed: string[] = [];
    const actor = world.started({
      ports: {
        ...world.ports,
        broadcast: () => {
          throw new Error('no bus');
        },
        request: () => {
          throw new WitanError('WITAN_ERR_TOO_LARGE', 'too large');
        },
      },
      observer: { effectFailed: (_, effect, error) => failed.push(`${effect}: ${(error as Error).message}`) },
    });
    actor.send(
      command(
        'a',
        broadcast('lost'),
        { type: 'request', to: 'n', verb: 'v', bytes: bytes('x'), timeoutMs: 1, tag: 'tag' },
        report('heard'),
      ),
    );
    world.clock.run();
    expect(failed).toEqual(['broadcast: no bus', 'request: WITAN_ERR_TOO_LARGE: too large']);
    expect(world.log).toEqual(['report heard']);
    expect(actor.state).toEqual(['a', 'response tag: WITAN_ERR_TOO_LARGE']);
  });

  test('a port that stops the actor ends the rest of the batch', () => {
    const world = new World();
    const actor = world.started({ ports: { ...world.ports, report: () => actor.stop() } });
    actor.send(command('a', broadcast('1'), report('stop'), broadcast('2')));
    world.clock.run();
    expect(world.log).toEqual(['broadcast 1']);
  });
});

describe('recovery', () => {
  test('folds all records in order, then resumes and carries out what that asks for', () => {
    const world = new World();
    const first = world.started();
    first.send(command('a', durable('1'), lazy('2'), broadcast('x')));
    world.clock.run();
    first.stop();
    world.log.length = 0;
    const second = world.started({
      machine: new TestMachine((state) => [durable('resumed'), broadcast(`again after ${state.length}`)]),
    });
    expect(second.state).toEqual(['record 1', 'record 2']);
    expect(world.log).toEqual(['synced resumed', 'broadcast again after 2']);
  });

  test('a start that cannot read its journal fails, and the actor is stopped', () => {
    const world = new World();
    world.journal.stream('test').append([Uint8Array.of(0, 1)], true);
    world.journal.corrupt('test', 0);
    const actor = world.actor();
    expect(() => actor.start()).toThrow(/WITAN_ERR_JOURNAL_CORRUPT/);
    expect(actor.status).toBe('stopped');
  });

  test('a record of an unknown kind is damage', () => {
    const world = new World();
    world.journal.stream('test').append([Uint8Array.of(7, 1)], true);
    expect(() => world.actor().start()).toThrow(/WITAN_ERR_JOURNAL_CORRUPT/);
  });
});
