import { errorCode } from '@witan/errors';
import { describe, expect, test } from 'vitest';
import type { Crash, StoreFailure } from '../src/index.ts';
import { broadcast, bytes, command, durable, lazy, poison, TestMachine, World } from './support.ts';

describe('a machine that throws', () => {
  test('is rebuilt from its journal; the poison is set aside and the others go on, in order', () => {
    const world = new World();
    const crashes: Crash[] = [];
    const reasons: string[] = [];
    const actor = world.started({
      onCrash: (crash) => crashes.push(crash),
      observer: { poisoned: (_, reason) => reasons.push(reason) },
    });
    actor.send(command('a', lazy('a'), broadcast('a')));
    world.clock.run();
    world.log.length = 0;
    actor.send(command('b', durable('b'), broadcast('b')));
    actor.send(poison('p'));
    actor.send(command('c', durable('c'), broadcast('c')));
    world.clock.run();
    expect(actor.state).toEqual(['record a', 'b', 'c']);
    expect(world.log).toEqual(['synced b c', 'broadcast b', 'broadcast c']);
    expect(actor.poisoned).toMatchObject([{ event: { name: 'p' }, error: { message: 'poison p' } }]);
    expect(reasons).toEqual(['WITAN_ERR_INTERNAL']);
    expect(crashes).toMatchObject([{ actor: 'test', pauseMs: 0 }]);
    expect(actor.status).toBe('running');
  });

  test('resumes, as after a restart of the process', () => {
    const world = new World();
    const actor = world.started({ machine: new TestMachine((state) => [broadcast(`resumed with ${state.length}`)]) });
    actor.send(command('a', durable('1')));
    actor.send(poison('p'));
    world.clock.run();
    expect(world.log).toEqual(['broadcast resumed with 0', 'lazy 1', 'broadcast resumed with 0']);
    actor.send(poison('q'));
    world.clock.run();
    expect(world.log.slice(3)).toEqual(['sync', 'broadcast resumed with 1']);
  });

  test('loses the timers and the requests of the incarnation before: resume asks anew', () => {
    const world = new World();
    const actor = world.started();
    actor.send(
      command(
        'a',
        { type: 'setTimer', id: 'old', afterMs: 50 },
        {
          type: 'request',
          to: 'n',
          verb: 'v',
          bytes: bytes('x'),
          timeoutMs: 10,
          tag: 'old',
        },
      ),
    );
    world.clock.step();
    // An answer that waits in the mailbox when the machine throws belongs to the incarnation before, too.
    actor.send(poison('p'));
    world.requests[0]!.done({ ok: true, bytes: bytes('late') });
    world.clock.run();
    world.requests[0]!.done({ ok: true, bytes: bytes('later') });
    world.clock.advance(1000);
    expect(actor.state).toEqual([]);
    expect(world.clock.pending).toBe(0);
  });

  test('keeps what the own process has told', () => {
    const world = new World();
    const actor = world.started();
    actor.send(poison('p'));
    actor.tell(command('a'));
    world.clock.run();
    expect(actor.state).toEqual(['a']);
  });

  test('sets aside only so many, the oldest go first', () => {
    const world = new World();
    const actor = world.started({ poisonLimit: 2, crashLimit: { crashes: 100, windowMs: 1 } });
    for (const name of ['p', 'q', 'r']) actor.send(poison(name));
    world.clock.run();
    expect(actor.poisoned.map(({ event }) => (event as { name: string }).name)).toEqual(['q', 'r']);
  });

  test('again and again pauses, longer each time, tells the host, and goes on', () => {
    const world = new World();
    const pauses: number[] = [];
    const actor = world.started({
      crashLimit: { crashes: 3, windowMs: 1000 },
      backoff: { initialMs: 100, maxMs: 250 },
      onCrash: ({ pauseMs }) => pauses.push(pauseMs),
    });
    for (let n = 0; n < 12; n++) actor.send(poison(String(n)));
    actor.send(command('good'));
    world.clock.advance(99);
    expect(pauses).toEqual([0, 0, 100]);
    expect(actor.status).toBe('crash-loop');
    expect(actor.send(command('also good'))).toBe(true);
    world.clock.advance(1);
    expect(actor.status).toBe('crash-loop');
    world.clock.run();
    expect(pauses).toEqual([0, 0, 100, 0, 0, 200, 0, 0, 250, 0, 0, 250]);
    expect(actor.state).toEqual(['good', 'also good']);
    world.clock.advance(5000);
    for (const name of ['x', 'y', 'z']) actor.send(poison(name));
    world.clock.run();
    expect(pauses.slice(12)).toEqual([0, 0, 100]);
  });

  test('while resuming counts as a crash, with no event to blame', () => {
    const world = new World();
    let broken = false;
    const crashes: Crash[] = [];
    const actor = world.started({
      machine: new TestMachine(() => {
        if (broken) throw new Error('cannot resume');
        return [];
      }),
      crashLimit: { crashes: 2, windowMs: 1000 },
      onCrash: (crash) => crashes.push(crash),
    });
    broken = true;
    actor.send(poison('p'));
    actor.send(command('a'));
    world.clock.advance(50);
    expect(crashes.map(({ pauseMs }) => pauseMs)).toEqual([0, 100]);
    broken = false;
    world.clock.run();
    expect(actor.state).toEqual(['a']);
    expect(actor.poisoned).toHaveLength(1);
  });

  test('while resuming at the start counts as a crash too, and is tried again', () => {
    const world = new World();
    let broken = true;
    const crashes: Crash[] = [];
    const observed: unknown[] = [];
    const actor = world.actor({
      machine: new TestMachine(() => {
        if (broken) throw new Error('cannot resume');
        return [broadcast('resumed')];
      }),
      crashLimit: { crashes: 2, windowMs: 1000 },
      observer: { crashed: (_, error) => observed.push(error) },
      onCrash: (crash) => crashes.push(crash),
    });
    actor.start();
    actor.send(command('a', broadcast('a')));
    world.clock.advance(50);
    expect(crashes).toMatchObject([
      { actor: 'test', error: { message: 'cannot resume' }, pauseMs: 0 },
      { actor: 'test', error: { message: 'cannot resume' }, pauseMs: 100 },
    ]);
    expect(observed).toHaveLength(2);
    expect(actor.status).toBe('crash-loop');
    broken = false;
    world.clock.run();
    expect(actor.status).toBe('running');
    expect(world.log).toEqual(['broadcast resumed', 'broadcast a']);
    expect(actor.poisoned).toEqual([]);
  });

  test('while folding a record at the start is the caller’s to handle', () => {
    const world = new World();
    world.started().send(command('a', durable('1')));
    world.clock.run();
    const broken = new TestMachine();
    broken.recover = () => {
      throw new Error('cannot fold');
    };
    const crashes: Crash[] = [];
    const actor = world.actor({ machine: broken, onCrash: (crash) => crashes.push(crash) });
    expect(() => actor.start()).toThrow('cannot fold');
    expect(actor.status).toBe('stopped');
    expect(crashes).toEqual([]);
  });

  test('can be stopped by its host from within the callback', () => {
    const world = new World();
    const actor = world.started({ onCrash: () => actor.stop() });
    actor.send(poison('p'));
    actor.send(command('a', broadcast('never')));
    world.clock.run();
    expect(actor.status).toBe('stopped');
    expect(world.log).toEqual([]);
  });
});

describe('a journal that fails', () => {
  test('nothing of the batch leaves; it is tried again, with backoff, until there is room', () => {
    const world = new World();
    const failures: StoreFailure[] = [];
    const actor = world.started({
      onStoreFailure: (failure) => failures.push(failure),
      backoff: { initialMs: 100, maxMs: 10_000 },
    });
    actor.send(command('before', durable('before')));
    world.clock.run();
    world.log.length = 0;
    world.journal.failure = 'WITAN_ERR_STORE_FULL';
    actor.send(command('a', durable('a'), broadcast('a')));
    actor.send(command('b', broadcast('b')));
    world.clock.advance(350);
    expect(failures.map(({ retryMs }) => retryMs)).toEqual([100, 200, 400]);
    expect(failures.map(({ failures: count }) => count)).toEqual([1, 2, 3]);
    expect(errorCode(failures[0]!.error)).toBe('WITAN_ERR_STORE_FULL');
    expect(world.log).toEqual([]);
    expect(actor.status).toBe('store-failing');
    expect(actor.send(command('c', broadcast('c')))).toBe(true);
    world.journal.failure = undefined;
    world.clock.run();
    expect(world.log).toEqual(['synced a', 'broadcast a', 'broadcast b', 'broadcast c']);
    expect(actor.state).toEqual(['record before', 'a', 'b', 'c']);
    expect(actor.status).toBe('running');
    world.journal.failure = 'WITAN_ERR_STORE';
    actor.send(command('d', durable('d'), broadcast('d')));
    world.clock.step();
    expect(failures.at(-1)).toMatchObject({ failures: 1, retryMs: 100 });
  });

  test('also when it cannot be read for the rebuild', () => {
    const world = new World();
    const failures: string[] = [];
    const stream = world.stream();
    let unreadable = false;
    const actor = world.started({
      stream: {
        ...stream,
        read: () => {
          if (unreadable) throw new Error('input/output error');
          return stream.read();
        },
      },
      onStoreFailure: ({ error }) => failures.push((error as Error).message),
    });
    actor.send(command('a', durable('a')));
    world.clock.run();
    unreadable = true;
    actor.send(poison('p'));
    actor.send(command('b', broadcast('b')));
    world.clock.advance(150);
    expect(failures).toEqual(['input/output error', 'input/output error']);
    unreadable = false;
    world.clock.run();
    expect(actor.state).toEqual(['record a', 'b']);
    expect(world.log.at(-1)).toBe('broadcast b');
  });

  test('at the start: resume is tried again like any batch', () => {
    const world = new World();
    world.journal.failure = 'WITAN_ERR_STORE_FULL';
    const actor = world.started({ machine: new TestMachine(() => [durable('r'), broadcast('resumed')]) });
    expect(actor.status).toBe('store-failing');
    expect(world.log).toEqual([]);
    world.journal.failure = undefined;
    world.clock.run();
    expect(world.log).toEqual(['synced r', 'broadcast resumed']);
  });

  test('a stopped actor does not try again', () => {
    const world = new World();
    const actor = world.started();
    world.journal.failure = 'WITAN_ERR_STORE_FULL';
    actor.send(command('a', durable('a'), broadcast('a')));
    world.clock.step();
    actor.stop();
    world.journal.failure = undefined;
    world.clock.run();
    expect(world.log).toEqual([]);
    expect(world.clock.pending).toBe(0);
  });
});

test('the observer hears of all of it', () => {
  const world = new World();
  const heard: string[] = [];
  const actor = world.started({
    mailboxLimit: 3,
    observer: {
      mailboxDepth: (name, depth) => heard.push(`${name} depth ${depth}`),
      stepped: (_, events) => heard.push(`stepped ${events}`),
      persisted: (_, { records, bytes: size, synced }) => heard.push(`persisted ${records} ${size} ${synced}`),
      crashed: (_, error) => heard.push(`crashed ${(error as Error).message}`),
      overflowed: () => heard.push('overflowed'),
      storeFailed: (_, error) => heard.push(`store ${errorCode(error)}`),
    },
  });
  actor.send(command('a', durable('123'), broadcast('x')));
  actor.send(poison('p'));
  actor.send(command('b'));
  actor.send(command('c'));
  world.clock.run();
  world.journal.failure = 'WITAN_ERR_STORE_FULL';
  actor.send(command('d', durable('4'), broadcast('x')));
  world.clock.step();
  expect(heard).toEqual([
    'test depth 1',
    'test depth 2',
    'test depth 3',
    'overflowed',
    'crashed poison p',
    'stepped 2',
    'persisted 1 4 true',
    'test depth 0',
    'test depth 1',
    'stepped 1',
    'store WITAN_ERR_STORE_FULL',
  ]);
});
