import { WitanError } from '@witan/errors';
import { describe, expect, test } from 'vitest';
import { broadcast, bytes, command, durable, lazy, text, World } from './support.ts';

describe('secrets', () => {
  const sealer = {
    seal: (plain: Uint8Array, associated: Uint8Array) => bytes(`sealed for ${text(associated)}|${btoa(text(plain))}`),
    open: (sealed: Uint8Array, associated: Uint8Array) => {
      const [head = '', body = ''] = text(sealed).split('|');
      if (head !== `sealed for ${text(associated)}`) throw new WitanError('WITAN_ERR_SEALED', 'not for me');
      return bytes(atob(body));
    },
  };
  const isSecret = (record: Uint8Array) => /my secret|another secret|first secret|second secret/.test(text(record));
  const sealing = { sealer, node: 'node a', isSecret };
  const secret = { type: 'persist', record: bytes('my secret'), durable: true, secret: true } as const;

  test('are sealed before they reach the journal, also when compacted, and opened on recovery', () => {
    const world = new World();
    const actor = world.started({ sealing });
    actor.send(command('a', { type: 'compact', records: [{ record: bytes('another secret'), secret: true }] }));
    actor.send(command('b', secret, lazy('no secret')));
    world.clock.run();
    const stored = world.journal.stream('test').read().map(text);
    expect(stored).toHaveLength(3);
    expect(stored.filter((record) => record.includes('my secret') || record.includes('another'))).toEqual([]);
    const again = world.started({ sealing });
    expect(again.state).toEqual(['record another secret', 'record my secret', 'record no secret']);
  });

  test('are destroyed once what stands for them is on the disk, and not while it cannot be', () => {
    const world = new World();
    const actor = world.started({ backoff: { initialMs: 10, maxMs: 10 } });
    const seed = bytes('seed');
    const seen: string[] = [];
    world.ports.broadcast = () => void seen.push(text(seed));
    world.journal.failure = 'WITAN_ERR_STORE_FULL';
    const compact = { type: 'compact', records: [{ record: bytes('share') }] } as const;
    actor.send(command('retire', compact, broadcast('before'), { type: 'destroy', bytes: seed }, broadcast('after')));
    world.clock.step();
    expect(actor.status).toBe('store-failing');
    expect(text(seed)).toBe('seed');
    world.journal.failure = undefined;
    world.clock.run();
    expect(world.journal.stream('test').read()).toHaveLength(1);
    expect(seen).toEqual(['seed', '\0\0\0\0']);
  });

  describe('put elsewhere by one who can write to the disk are refused as damage', () => {
    const first = { type: 'persist', record: bytes('first secret'), durable: true, secret: true } as const;
    const second = { type: 'persist', record: bytes('second secret'), durable: true, secret: true } as const;
    /** A stream with a secret at 0 and 2, of which `wasCompacted` says whether they came there by compacting. */
    const written = (world: World, wasCompacted: boolean) => {
      const actor = world.started({ sealing });
      if (wasCompacted) {
        actor.send(command('a', lazy('much'), lazy('that'), first, durable('goes')));
        actor.send(command('b', { type: 'compact', records: [first, { record: bytes('no secret') }] }, second));
      } else actor.send(command('a', first, lazy('no secret'), second));
      world.clock.run();
      actor.stop();
      expect(world.started({ sealing }).state).toEqual([
        'record first secret',
        'record no secret',
        'record second secret',
      ]);
      return world.journal.stream('test');
    };
    const refusal = (world: World, options: Partial<Parameters<World['actor']>[0]> = {}) => {
      const actor = world.actor({ sealing, ...options });
      try {
        actor.start();
      } catch (error) {
        expect(actor.status).toBe('stopped');
        return (({ code, data }) => ({ code, ...data }))(error as WitanError);
      }
      return actor.state;
    };
    const corrupt = { code: 'WITAN_ERR_JOURNAL_CORRUPT', file: 'memory' };

    test.each([
      ['written', false],
      ['compacted', true],
    ])('at another position of the stream as it was %s', (_, wasCompacted) => {
      const world = new World();
      const stream = written(world, wasCompacted);
      const [one, clear, two] = stream.read() as [Uint8Array, Uint8Array, Uint8Array];
      for (const [records, seq] of [
        [[two, clear, one], 0],
        [[clear, one, two], 1],
        [[one, one, two], 1],
        [[one, two], 1],
        [[one, clear, one], 2],
        [[one, clear, two, two], 3],
      ] as const) {
        stream.replace(records);
        expect(refusal(world)).toEqual({ ...corrupt, stream: 'test', seq });
      }
      stream.replace([one, clear, two]);
      expect(refusal(world)).toHaveLength(3);
    });

    test('in another stream', () => {
      const world = new World();
      const other = world.journal.stream('other');
      other.append(written(world, false).read(), true);
      expect(refusal(world, { stream: other })).toEqual({ ...corrupt, stream: 'other', seq: 0 });
    });

    test('at another node with the same sealing key', () => {
      const world = new World();
      written(world, false);
      expect(refusal(world, { sealing: { sealer, node: 'node b', isSecret } })).toEqual({
        ...corrupt,
        stream: 'test',
        seq: 0,
      });
    });

    test('in the clear', () => {
      const world = new World();
      const stream = written(world, false);
      const [one, clear, two] = stream.read() as [Uint8Array, Uint8Array, Uint8Array];
      stream.replace([one, clear, bytes('\0another secret')]);
      expect(refusal(world)).toEqual({ ...corrupt, stream: 'test', seq: 2 });
      stream.replace([one, bytes('\0no secret either'), two]);
      expect(refusal(world)).toHaveLength(3);
    });

    test('where nothing is secret', () => {
      const world = new World();
      const actor = world.actor({ stream: written(world, false) });
      expect(() => actor.start()).toThrow(/WITAN_ERR_JOURNAL_CORRUPT.*record 0: is sealed/);
    });
  });

  test('are where they belong also after some that were never synced are lost', () => {
    const world = new World();
    const actor = world.started({ sealing });
    actor.send(command('a', durable('1'), broadcast('x')));
    world.clock.run();
    actor.send(command('b', lazy('lost'), { ...secret, durable: false }, lazy('lost too')));
    world.clock.run();
    expect(world.journal.stream('test').length).toBe(4);
    world.journal = world.journal.crash({ keepUnsynced: false });
    const next = world.started({ sealing });
    expect(next.state).toEqual(['record 1']);
    next.send(command('c', secret, broadcast('y')));
    world.clock.run();
    expect(world.started({ sealing }).state).toEqual(['record 1', 'record my secret']);
  });

  test('are where they belong also after the disk has refused what came before them', () => {
    const world = new World();
    const actor = world.started({ sealing, backoff: { initialMs: 10, maxMs: 10 } });
    world.journal.failure = 'WITAN_ERR_STORE_FULL';
    actor.send(command('a', durable('1'), secret, broadcast('x')));
    world.clock.step();
    expect(actor.status).toBe('store-failing');
    world.journal.failure = undefined;
    actor.send(command('b', secret, broadcast('y')));
    world.clock.run();
    const states = world.started({ sealing }).state;
    expect(states).toEqual(['record 1', 'record my secret', 'record my secret']);
  });

  test('never reach the journal without a sealer: nothing leaves, and the host is told', () => {
    const world = new World();
    const failures: unknown[] = [];
    const actor = world.started({ onStoreFailure: ({ error }) => failures.push((error as WitanError).code) });
    actor.send(command('a', secret, broadcast('x')));
    world.clock.step();
    expect(failures).toEqual(['WITAN_ERR_SEALED']);
    expect(world.log).toEqual([]);
    expect(world.journal.stream('test').read()).toEqual([]);
  });
});
