import { type Identity, toHex } from '@witan/crypto';
import type { RuntimeEvent } from '@witan/runtime';
import { decode, encode, peekEnvelope, sealEnvelope } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { DEFAULT_PARAMS, type Event, forms, initialState, type State, sectionMachine } from '../src/index.ts';
import { decide, dkgOf, eldersOf, GENESIS_KEY, identities, NETWORK, secretOf } from './support.ts';

const machine = sectionMachine();
const nodes = identities(4);
const [stranger] = identities(1, 'stranger');
/** With a session under way. */
const ledger = decide(eldersOf(nodes), dkgOf(nodes, { chainLength: 2 }), secretOf('second key'));
const next = ledger.generation + 1;
const STEPS = ['propose', 'prevote', 'precommit'] as const;

const request = sealEnvelope(stranger!, NETWORK, 'joinRequest', encode(forms.joinBody, { prefix: '' })).raw;
const isVote = (bytes: Uint8Array) => peekEnvelope(bytes, NETWORK).kind === 'sectionVote';

/** An elder that knows of one who wants to join, its disk, and its votes: proposals of all are lost. */
class Process {
  state: State;
  disk: Uint8Array[] = [];
  rewrites = 0;
  readonly said: string[] = [];
  readonly reports: string[] = [];
  readonly #index: number;

  constructor(index: number) {
    this.#index = index;
    this.state = this.#initial();
    for (const bytes of ledger.decisions) this.on({ type: 'certified', bytes, at: 1 });
    this.on({ type: 'share', key: ledger.key, share: secretOf(`${secretOf('second key')} share ${index}`), at: 1 });
    this.on({ type: 'received', bytes: request, at: 1 });
  }

  on(event: Event | RuntimeEvent): this {
    return this.#take(machine.step(this.state, event));
  }

  hears(votes: readonly string[]): this {
    for (const bytes of votes) this.on({ type: 'received', bytes: new Uint8Array(Buffer.from(bytes, 'hex')), at: 1 });
    return this;
  }

  outOfTime(view: number, step: (typeof STEPS)[number]): this {
    return this.on({ type: 'timer', id: `agreement/${next}/${view}/${step}`, at: 1 });
  }

  /** Since it was asked last. */
  taken(): string[] {
    return this.said.splice(0);
  }

  restart(): this {
    const folded = this.disk.reduce(machine.recover, this.#initial());
    return this.#take(machine.resume(folded, 1));
  }

  #initial(): State {
    const env = { network: NETWORK, prefix: '', genesisKey: GENESIS_KEY, params: DEFAULT_PARAMS };
    return initialState({ ...env, identity: nodes[this.#index]! });
  }

  #take({ state, effects }: ReturnType<typeof machine.step>): this {
    this.state = state;
    for (const effect of effects) {
      if (effect.type === 'persist') this.disk.push(effect.record);
      if (effect.type === 'compact') {
        this.disk = effect.records.map(({ record }) => record);
        this.rewrites++;
      }
      if (effect.type === 'broadcast' && isVote(effect.bytes)) this.said.push(toHex(effect.bytes));
      if (effect.type === 'report') {
        const { type, reason = '' } = effect.report as { type: string; reason?: string };
        this.reports.push(`${type} ${reason}`.trim());
      }
    }
    return this;
  }
}

/** Of the four, one that does not lead the next generation. */
const INDEX = (next + 1) % nodes.length;

function viewAndStep(bytes: string): string {
  const { body } = peekEnvelope(new Uint8Array(Buffer.from(bytes, 'hex')), NETWORK);
  const { view, step } = decode(forms.voteBody, body).vote;
  return `${step} ${view}`;
}

test('an elder that starts again says its votes again, with the same bytes, which are nothing new to who has them', () => {
  const elder = new Process(INDEX);
  const votes = elder.outOfTime(0, 'propose').taken();
  expect(votes.map(viewAndStep)).toEqual(['prevote 0']);
  const witness = new Process((INDEX + 1) % nodes.length).hears(votes);
  const before = witness.state.agreement;

  for (let life = 0; life < 2; life++) expect(elder.restart().taken()).toEqual(votes);
  witness.reports.length = 0;
  witness.hears(votes);
  expect(witness.reports).toEqual(['rejected duplicate']);
  expect(witness.state.agreement).toEqual(before);
});

test('of many views it says again the votes of the last two', () => {
  const elders = nodes.map((_, index) => new Process(index));
  for (let view = 0; view < 5; view++) {
    for (const step of STEPS) {
      const said = elders.flatMap((elder) => elder.outOfTime(view, step).taken());
      for (const elder of elders) elder.hears(said);
    }
  }
  const said = elders[INDEX]!.outOfTime(5, 'propose').restart().taken();
  expect(new Set(said.map(viewAndStep))).toEqual(new Set(['prevote 4', 'precommit 4', 'prevote 5']));
});

describe('an elder that votes in many views without a decision', () => {
  const VIEWS = 140;
  const BLAMED = { id: ledger.pending!.id, node: stranger!.name };
  const LOCKED = (INDEX - (next % nodes.length) + nodes.length) % nodes.length;
  const { instance } = new Process(INDEX).state.agreement!.options;
  const others = nodes.filter((_, index) => index !== INDEX);

  function voteOf(by: Identity, view: number, step: 'prevote' | 'precommit', value?: Uint8Array): string {
    const vote = { instance, view, step, value, fast: false, extra: new Uint8Array(0) };
    return toHex(
      sealEnvelope(by, NETWORK, 'sectionVote', encode(forms.voteBody, { prefix: '', generation: next, vote })).raw,
    );
  }

  /** All others vote for nothing in each view; but two are for what it proposes itself in the first view that it leads. */
  function undecided() {
    const elder = new Process(INDEX).on({ type: 'blamed', ...BLAMED, at: 1 });
    const nothing = (view: number, step: 'prevote' | 'precommit') => others.map((by) => voteOf(by, view, step));
    for (let view = 0; view < VIEWS; view++) {
      elder.outOfTime(view, 'propose');
      const own = elder.state.agreement!.votes[INDEX]!.get(view)?.prevote?.first.hash;
      const value = view === LOCKED ? Buffer.from(own!, 'hex') : undefined;
      elder.hears(value ? others.map((by) => voteOf(by, view, 'prevote', value)) : nothing(view, 'prevote'));
      elder.hears(nothing(view, 'precommit')).outOfTime(view, 'precommit');
    }
    return elder;
  }

  test('remembers those of the last two and its lock, writes as many again, and says after a restart what it said', () => {
    const elder = undecided();
    const facts = elder.disk.map(forms.decodeFact);
    expect(elder.rewrites).toBe(1);
    expect(elder.state.votes).toHaveLength(5);
    expect(facts.filter(({ type }) => type === 'voted').length).toBeLessThan(2 * VIEWS - 200);
    expect(facts.filter(({ type }) => type === 'decided')).toHaveLength(ledger.decisions.length);

    const { agreement, votes, shares } = elder.state;
    const said = elder.taken();
    expect(said.length).toBeGreaterThan(256);
    expect(elder.restart().taken()).toEqual(said.slice(-4));
    expect(elder.state.agreement!.locked).toEqual({ view: LOCKED, hash: agreement!.locked!.hash });
    expect(elder.state.agreement!.view).toBe(VIEWS - 1);
    expect(elder.state.votes).toEqual(votes);
    expect(elder.state.shares).toEqual(shares);
    expect(elder.state.sight.sessions.get(BLAMED.id)?.blamed).toEqual([BLAMED.node]);
  });
});
