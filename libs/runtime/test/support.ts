import { type JournalStream, MemoryJournal } from '@witan/journal';
import {
  Actor,
  type ActorOptions,
  type Effect,
  type EffectPorts,
  type Machine,
  type RequestResult,
  type RuntimeEvent,
  type Step,
  VirtualClock,
} from '../src/index.ts';

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (value: Uint8Array): string => new TextDecoder().decode(value);

/** An event of the test machine: what to do, or how to fail. */
export interface Command {
  readonly type: 'command';
  readonly name: string;
  readonly effects?: readonly Effect[];
  readonly throws?: Error;
}

export type TestEvent = Command | RuntimeEvent;

/** What the test machine has seen: records recovered, then events. */
export type Seen = readonly string[];

export const command = (name: string, ...effects: Effect[]): Command => ({ type: 'command', name, effects });
export const poison = (name: string): Command => ({ type: 'command', name, throws: new Error(`poison ${name}`) });
export const durable = (record: string): Effect => ({ type: 'persist', record: bytes(record), durable: true });
export const lazy = (record: string): Effect => ({ type: 'persist', record: bytes(record), durable: false });
export const broadcast = (what: string): Effect => ({ type: 'broadcast', topic: 'topic', bytes: bytes(what) });
export const report = (what: string): Effect => ({ type: 'report', report: what });

/** Does what the event says and remembers its name. */
export class TestMachine implements Machine<Seen, TestEvent> {
  readonly #resume: (state: Seen) => readonly Effect[];

  constructor(resume: (state: Seen) => readonly Effect[] = () => []) {
    this.#resume = resume;
  }

  step(state: Seen, event: TestEvent): Step<Seen> {
    switch (event.type) {
      case 'timer':
        return { state: [...state, `timer ${event.id} at ${event.at}`], effects: [] };
      case 'response': {
        const answer = event.ok ? text(event.bytes) : event.error;
        return { state: [...state, `response ${event.tag}: ${answer}`], effects: [] };
      }
      case 'command':
        if (event.throws !== undefined) throw event.throws;
        return { state: [...state, event.name], effects: event.effects ?? [] };
    }
  }

  recover(state: Seen, record: Uint8Array): Seen {
    return [...state, `record ${text(record)}`];
  }

  resume(state: Seen): Step<Seen> {
    return { state, effects: this.#resume(state) };
  }
}

/** Everything that an actor did to the world, in one list: journal and ports alike. */
export class World {
  readonly log: string[] = [];
  readonly clock = new VirtualClock();
  journal = new MemoryJournal();
  readonly requests: { to: string; verb: string; done: (result: RequestResult) => void }[] = [];

  readonly ports: EffectPorts = {
    broadcast: (_topic, what) => this.log.push(`broadcast ${text(what)}`),
    request: (to, verb, what, _timeoutMs, done) => {
      this.log.push(`request ${text(what)}`);
      this.requests.push({ to, verb, done });
    },
    reply: (id, what) => this.log.push(`reply ${id} ${text(what)}`),
    report: (what) => this.log.push(`report ${what}`),
  };

  /** The stream `test` of the journal, with every change written to the log. */
  stream(): JournalStream {
    const inner = this.journal.stream('test');
    const logged = (what: string, body: () => void): void => {
      body();
      this.log.push(what);
    };
    const shown = (records: readonly Uint8Array[]): string => records.map((record) => text(record.slice(1))).join(' ');
    return {
      location: inner.location,
      name: inner.name,
      get length() {
        return inner.length;
      },
      append: (records, sync) =>
        logged(`${sync ? 'synced' : 'lazy'} ${shown(records)}`, () => inner.append(records, sync)),
      sync: () => logged('sync', () => inner.sync()),
      read: () => inner.read(),
      replace: (records) => logged(`replaced ${shown(records)}`, () => inner.replace(records)),
      drop: () => inner.drop(),
    };
  }

  actor(options: Partial<ActorOptions<Seen, Command>> = {}): Actor<Seen, Command> {
    return new Actor<Seen, Command>({
      name: 'test',
      machine: new TestMachine(),
      initial: () => [],
      stream: this.stream(),
      clock: this.clock,
      ports: this.ports,
      ...options,
    });
  }

  started(options: Partial<ActorOptions<Seen, Command>> = {}): Actor<Seen, Command> {
    const actor = this.actor(options);
    actor.start();
    return actor;
  }
}
