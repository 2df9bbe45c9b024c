import { MemoryJournal } from '@witan/journal';
import { heartbeatBody } from '@witan/section';
import { decode, openEnvelope } from '@witan/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Heartbeats } from '../src/heartbeats.ts';
import { identities, TAG } from './support.ts';

const [identity] = identities(1);
const NOON = Date.UTC(2026, 0, 1, 12);
const HOUR = 3_600_000;

/** A process that is killed and started again, on a machine with a clock that anybody may set. */
class Host {
  clock = NOON;
  journal = new MemoryJournal();
  #heartbeats = this.#start();

  beat(): number {
    const raw = this.#heartbeats.next(undefined, false);
    return decode(heartbeatBody, openEnvelope(raw, TAG).body).sequence;
  }

  restart(): void {
    this.journal = this.journal.crash({ keepUnsynced: false });
    this.#heartbeats = this.#start();
  }

  #start(): Heartbeats {
    const { journal } = this;
    const wallClock = () => this.clock;
    return new Heartbeats({ identity: identity!, networkTag: TAG, prefix: '', service: 'elder', journal, wallClock });
  }
}

describe('heartbeats', () => {
  test('are each later than all before, whatever becomes of the process and of its clock', () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.constant('beat' as const) },
      { weight: 1, arbitrary: fc.constant('restart' as const) },
      { weight: 2, arbitrary: fc.integer({ min: -2 * HOUR, max: 2 * HOUR }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const host = new Host();
        let last = 0;
        for (const each of [...steps, 'beat' as const]) {
          if (each === 'restart') host.restart();
          else if (each !== 'beat') host.clock += each;
          else {
            const sequence = host.beat();
            expect(sequence).toBeGreaterThan(last);
            last = sequence;
          }
        }
      }),
    );
  });

  test('follow the clock while it goes on, at one commit a minute', () => {
    const host = new Host();
    for (let second = 0; second < 600; second++) {
      host.clock = NOON + 1000 * second;
      expect(host.beat()).toBe(host.clock);
    }
    expect(host.journal.stats.commits).toBe(10);
  });

  test('are as late as the clock says when the disk is one of long ago', () => {
    const host = new Host();
    host.beat();
    host.clock += HOUR;
    host.restart();
    expect(host.beat()).toBe(NOON + HOUR);
  });

  test('go on while the disk refuses, and are written down when it takes them', () => {
    const host = new Host();
    host.journal.failure = 'WITAN_ERR_STORE_FULL';
    expect(host.beat()).toBe(NOON);
    expect(host.journal.stats.commits).toBe(0);
    host.journal.failure = undefined;
    const last = host.beat();
    host.restart();
    host.clock -= HOUR;
    expect(host.beat()).toBeGreaterThan(last);
  });

  test('do not begin when what was written down cannot be read', () => {
    const host = new Host();
    host.journal.table.put('heartbeats/elder', new Uint8Array(3));
    expect(() => host.beat()).toThrow(expect.objectContaining({ code: 'WITAN_ERR_MALFORMED' }));
  });
});
