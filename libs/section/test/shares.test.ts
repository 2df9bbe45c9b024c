import { type Scalar, scalarToBytes, setVerificationCache, toHex } from '@witan/crypto';
import type { Effect } from '@witan/runtime';
import { encode, sealEnvelope } from '@witan/wire';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  currentShare,
  DEFAULT_PARAMS,
  type Event,
  forms,
  initialState,
  type SectionReport,
  type State,
  sectionMachine,
} from '../src/index.ts';
import {
  decide,
  dkgOf,
  GENESIS_KEY,
  GENESIS_SECRET,
  handoverOf,
  identities,
  NETWORK,
  secretOf,
  sectionOf,
} from './support.ts';

beforeAll(() => setVerificationCache(1024));
afterAll(() => setVerificationCache(0));

const machine = sectionMachine();
const nodes = identities(4);
const [stranger] = identities(1, 'stranger');
const me = nodes[0]!;
const KEYS = ['second key', 'third key'].map(secretOf);

/** A section that hands over twice. The first node is an elder all the time, the last one only of the second key. */
const story = (() => {
  const joined = sectionOf(nodes);
  const started = decide(joined, dkgOf(nodes));
  const second = decide(started, handoverOf(started, KEYS[0]!));
  const again = decide(second, dkgOf(nodes.slice(0, 3), { chainLength: 2 }), KEYS[0]);
  return { started, second, again, third: decide(again, handoverOf(again, KEYS[1]!), KEYS[0]) };
})();
const { decisions } = story.third;

/** The share of `key` that the elder at this index has. */
const shareOf = (key: Scalar, index: number) => secretOf(`${key} share ${index}`);
const create: Event = { type: 'create', secret: GENESIS_SECRET, at: 1 };
const certified = (bytes: Uint8Array): Event => ({ type: 'certified', bytes, at: 1 });
const share = (ledger: typeof story.third, secret: Scalar): Event => ({
  type: 'share',
  key: ledger.key,
  share: secret,
  at: 1,
});
const join: Event = {
  type: 'received',
  bytes: sealEnvelope(stranger!, NETWORK, 'joinRequest', encode(forms.joinBody, { prefix: '' })).raw,
  at: 1,
};

/** A process with its disk: a step's records get there together, or not at all. */
class Process {
  state: State;
  disk: Uint8Array[] = [];
  readonly said: string[] = [];
  readonly #identity: typeof me;

  constructor(identity = me, disk: readonly Uint8Array[] = []) {
    this.#identity = identity;
    this.disk = [...disk];
    this.state = this.#recovered();
  }

  on(...events: readonly Event[]): this {
    for (const event of events) this.#take(machine.step(this.state, event));
    return this;
  }

  restart(): this {
    this.state = this.#recovered();
    this.#take(machine.resume(this.state, 1));
    return this;
  }

  /** What a restart finds, without what `resume` does about it. */
  #recovered(): State {
    const env = { identity: this.#identity, network: NETWORK, prefix: '', genesisKey: GENESIS_KEY };
    return this.disk.reduce(machine.recover, initialState({ ...env, params: DEFAULT_PARAMS }));
  }

  #take({ state, effects }: { state: State; effects: readonly Effect[] }): void {
    this.state = state;
    for (const effect of effects) {
      if (effect.type === 'compact') this.disk = effect.records.map(({ record }) => record);
      else if (effect.type === 'persist') this.disk.push(effect.record);
      else if (effect.type === 'broadcast') this.said.push(toHex(effect.bytes));
    }
  }

  has(secret: Scalar): boolean {
    const bytes = Buffer.from(scalarToBytes(secret));
    const onDisk = this.disk.some((record) => Buffer.from(record).includes(bytes));
    return onDisk || [...this.state.shares.values()].includes(secret);
  }

  /** What a restart has to bring back. */
  picture(): string {
    const { ledger, shares, votes, agreement } = this.state;
    const kept = { head: ledger?.head, shares: [...shares], votes, slots: agreement?.votes, locked: agreement?.locked };
    return JSON.stringify(kept, (_key, value) => {
      if (value instanceof Map) return [...value];
      return typeof value === 'bigint' || value instanceof Uint8Array ? `${value}` : value;
    });
  }
}

const kindsOf = ({ disk }: Process) => disk.map((record) => forms.decodeFact(record).type);

describe('with the handover to the next key', () => {
  const before = () => new Process().on(create, ...decisions.slice(1, 3).map(certified));

  test('the genesis secret, with which one could name another key, is gone from memory and disk', () => {
    const node = before();
    expect(node.has(GENESIS_SECRET)).toBe(true);
    node.on(certified(decisions[3]!));
    expect(node.state.ledger?.chain).toHaveLength(2);
    expect(node.has(GENESIS_SECRET)).toBe(false);
    expect(kindsOf(node)).toEqual(['decided', 'decided', 'decided', 'decided']);
  });

  test('the journal is rewritten once: before it has all that was, after it all that is', () => {
    const { state } = before();
    const { effects } = machine.step(state, certified(decisions[3]!));
    expect(effects.filter(({ type }) => type === 'compact')).toHaveLength(1);
    const compact = effects.findIndex(({ type }) => type === 'compact');
    expect(effects.slice(compact).filter(({ type }) => type === 'persist')).toEqual([]);
  });

  test('so is that of an elder that is none any more, and the new one stays', () => {
    const last = new Process(nodes[3]).on(...decisions.slice(0, 4).map(certified));
    const own = shareOf(KEYS[0]!, 3);
    last.on(share(story.second, own));
    expect(last.has(own)).toBe(true);
    last.on(...decisions.slice(4).map(certified));
    expect(last.has(own)).toBe(false);
    const next = shareOf(KEYS[1]!, 0);
    const first = before().on(certified(decisions[3]!), share(story.second, shareOf(KEYS[0]!, 0)));
    first.on(...decisions.slice(4).map(certified), share(story.third, next));
    expect(first.has(shareOf(KEYS[0]!, 0))).toBe(false);
    expect(currentShare(first.restart().state)).toBe(next);
  });

  test('a process that starts again tells whether it has its share', () => {
    const node = before().on(certified(decisions[3]!));
    const told = () => {
      const { effects } = machine.resume(node.restart().state, 1);
      const reports = effects.flatMap((effect) => (effect.type === 'report' ? [effect.report] : []));
      return reports.find((report) => (report as SectionReport).type === 'ledger');
    };
    expect(told()).toMatchObject({ usableShare: false });
    node.on(share(story.second, shareOf(KEYS[0]!, 0)));
    expect(told()).toMatchObject({ usableShare: true });
  });

  test('a share that comes when the section has gone on is not kept', () => {
    const node = before().on(...decisions.slice(3).map(certified));
    const late = shareOf(KEYS[0]!, 0);
    expect(machine.step(node.state, share(story.second, late)).effects.map(({ type }) => type)).not.toContain(
      'persist',
    );
    expect(node.on(share(story.second, late)).has(late)).toBe(false);
  });
});

test('killed after any step, as often as you like: it finds what it had, and no share of a key that was left', () => {
  const shares = [share(story.second, shareOf(KEYS[0]!, 0)), share(story.third, shareOf(KEYS[1]!, 0))];
  const told = [create, ...decisions.slice(1).map(certified)];
  const event = fc.oneof(
    fc.constantFrom<Event>(...shares, join, { type: 'timer', id: 'look', at: 2_000 }),
    fc.nat(decisions.length - 1).map((at): Event => certified(decisions[at]!)),
  );
  // In their order, with anything between them.
  const course = fc
    .tuple(...told.map(() => fc.array(fc.tuple(event, fc.boolean()), { maxLength: 2 })))
    .map((between) => told.flatMap((next, at) => [[next, false] as const, ...between[at]!]));
  fc.assert(
    fc.property(course, fc.infiniteStream(fc.boolean()), (steps, kills) => {
      const node = new Process();
      const earlier = [GENESIS_SECRET, shareOf(KEYS[0]!, 0)];
      for (const [next, killed] of steps) {
        node.on(next);
        const before = node.picture();
        expect(new Process(me, node.disk).picture()).toBe(before);
        if (killed || kills.next().value) expect(node.restart().picture()).toBe(before);
        const left = (node.state.ledger?.chain.length ?? 1) - 1;
        for (const secret of earlier.slice(0, left)) expect(node.has(secret)).toBe(false);
      }
    }),
    { numRuns: 30 },
  );
});
