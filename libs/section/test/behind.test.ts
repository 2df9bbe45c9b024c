import { encodeDecision } from '@witan/chain';
import { type Identity, type Scalar, sha256, toHex } from '@witan/crypto';
import { decode, encode, type Kind, networkTag, peekEnvelope, sealEnvelope } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import {
  DEFAULT_PARAMS,
  type Event,
  forms,
  initialState,
  type SectionReport,
  type State,
  sectionMachine,
} from '../src/index.ts';
import {
  type Claim,
  certify,
  decide,
  dkgOf,
  eldersOf,
  GENESIS_KEY,
  GENESIS_SECRET,
  handoverOf,
  identities,
  NETWORK,
  nextOf,
  secretOf,
  sectionOf,
} from './support.ts';

const machine = sectionMachine();
const nodes = identities(4);
const [stranger] = identities(1, 'stranger');

function follow(identity: Identity, decisions: readonly Uint8Array[]): State {
  const env = { identity, network: NETWORK, prefix: '', genesisKey: GENESIS_KEY, params: DEFAULT_PARAMS };
  const events = decisions.map((bytes): Event => ({ type: 'certified', bytes, at: 1 }));
  return events.reduce((state, event) => machine.step(state, event).state, initialState(env));
}

const seal = (by: Identity, kind: Kind, body: Uint8Array) => sealEnvelope(by, NETWORK, kind, body).raw;

function heartbeat(by: Identity, generation: number, sequence = 0): Uint8Array {
  const beat = { prefix: '', service: 1, generation, key: GENESIS_KEY, usableShare: true, sequence };
  return seal(by, 'heartbeat', encode(forms.heartbeatBody, beat));
}

/** In the generation after `generation`, which its author then knows. */
function vote(by: Identity, generation: number, sequence = 0): Uint8Array {
  const [instance, value] = [new Uint8Array(32), new Uint8Array(32).fill(sequence % 256)];
  const said = { instance, view: 0, step: 'prevote', value, fast: false, extra: new Uint8Array(0) } as const;
  return seal(by, 'sectionVote', encode(forms.voteBody, { prefix: '', generation: generation + 1, vote: said }));
}

/** The state after an event, and whom it made ask. */
function handle(state: State, event: Event): { readonly state: State; readonly asked: readonly string[] } {
  const step = machine.step(state, event);
  const asked = step.effects.flatMap((effect) => (effect.type === 'request' ? [effect.to] : []));
  return { state: step.state, asked };
}

describe('a node that knows the first decision only', () => {
  const alone = follow(nodes[1]!, sectionOf(nodes).decisions.slice(0, 1));

  /** Hears that there is more, looks for it, and gets no answer. */
  function hear(state: State, from: Identity, at: number, say = heartbeat) {
    const heard = handle(state, { type: 'received', bytes: say(from, 5, at), at }).state;
    const { state: asking, asked } = handle(heard, { type: 'timer', id: 'catch-up', at });
    const [to] = asked;
    if (to === undefined) return { state: asking, to };
    const silence = { type: 'response', tag: `ae/${to}`, ok: false, error: 'WITAN_ERR_TIMEOUT', at } as const;
    return { state: handle(asking, silence).state, to };
  }

  test('asks anyone when the member that has more does not answer', () => {
    const first = hear(alone, nodes[0]!, 1000);
    expect(first.to).toBe(nodes[0]!.name);
    const second = hear(first.state, nodes[0]!, 2000);
    expect(second.to).toBe('');
  });

  test.each([
    ['heartbeat', heartbeat],
    ['vote', vote],
  ])('follows the hint of one who may have become a member since, now and then: a %s', (_, say) => {
    const first = hear(alone, stranger!, 1000, say);
    expect(first.to).toBe(nodes[0]!.name);
    expect(hear(first.state, stranger!, 2000, say).to).toBeUndefined();
    expect(hear(first.state, stranger!, 1000 + DEFAULT_PARAMS.progressMaxMs, say).to).toBe('');
  });

  test('follows the vote of a member whenever it is heard', () => {
    const first = hear(alone, nodes[0]!, 1000, vote);
    expect(first.to).toBe(nodes[0]!.name);
    expect(hear(first.state, nodes[0]!, 1100, vote).to).toBe('');
  });

  test('but not what is not signed by it', () => {
    const forged = heartbeat(stranger!, 5);
    const { state } = handle(alone, { type: 'received', bytes: forged.with(-1, forged.at(-1)! ^ 1), at: 1000 });
    expect(state.progress.ahead).toBeUndefined();
  });
});

describe('a decision after the next one', () => {
  const known = sectionOf(nodes);
  const alone = follow(nodes[1]!, known.decisions);
  const unknowing = follow(nodes[1]!, []);

  function later(secret: Scalar, generation: number, change: Partial<Claim> = {}): Uint8Array {
    const claim = { ...nextOf(known), generation, ...change };
    return certify(secret, claim, { type: 'join', nodes: [stranger!.publicKey] });
  }

  /** Whom it asks when it hears these, each with time to look, and what it counts. Nobody answers. */
  function hearAll(state: State, heard: readonly Uint8Array[], everyMs = 100) {
    const asked: string[] = [];
    const reasons: string[] = [];
    let now = state;
    heard.forEach((bytes, index) => {
      const at = 10_000 + index * everyMs;
      const step = machine.step(now, { type: 'certified', bytes, at });
      for (const effect of step.effects) {
        const report = effect.type === 'report' ? (effect.report as SectionReport) : undefined;
        if (report?.type === 'rejected') reasons.push(report.reason);
      }
      const looking = handle(step.state, { type: 'timer', id: 'catch-up', at });
      now = looking.state;
      asked.push(...looking.asked);
      for (const to of looking.asked) {
        const silence = { type: 'response', tag: `ae/${to}`, ok: false, error: 'WITAN_ERR_TIMEOUT', at } as const;
        now = handle(now, silence).state;
      }
    });
    return { asked, reasons, state: now };
  }

  const forged = Array.from({ length: 30 }, (_, index) => later(secretOf('nobody'), 1_000_000 + index));

  test.each([
    ['to one who knows the section', alone],
    ['to one who does not', unknowing],
  ])('that nobody has signed is a hint, %s: asked about once, and then counted', (_whom, state) => {
    const { asked, reasons } = hearAll(state, forged);
    expect(asked).toHaveLength(1);
    expect(reasons).toEqual(Array.from({ length: 29 }, () => 'rate-limited'));
  });

  test('is followed again after a while: it may be of a key that is not known here', () => {
    const { progressMaxMs } = DEFAULT_PARAMS;
    expect(hearAll(alone, forged.slice(0, 3), progressMaxMs).asked).toHaveLength(3);
    expect(hearAll(alone, forged.slice(0, 3), progressMaxMs - 1).asked).toHaveLength(2);
  });

  test('under the key that is known here is followed whenever it is heard, whatever was made up before', () => {
    const real = [3, 4, 5].map((generation) => later(GENESIS_SECRET, generation));
    const { asked, reasons } = hearAll(hearAll(alone, forged).state, real);
    expect(asked).toHaveLength(3);
    expect(reasons).toEqual([]);
  });

  test('of another network or section is refused, and nobody is asked', () => {
    const others = [
      later(GENESIS_SECRET, 3, { prefix: '1' }),
      later(GENESIS_SECRET, 3, { network: networkTag('another') }),
    ];
    expect(hearAll(alone, others)).toMatchObject({ asked: [], reasons: ['invalid', 'invalid'] });
  });

  test('in an answer is a lie: it leads to no further question', () => {
    const next = decide(known, { type: 'join', nodes: [stranger!.publicKey] });
    const gap = certify(GENESIS_SECRET, nextOf(next), {
      type: 'join',
      nodes: [identities(1, 'another')[0]!.publicKey],
    });
    const asking = handle(alone, { type: 'behind', node: nodes[0]!.name, generation: 2, at: 1 }).state;
    const { state, asked } = handle(asking, { type: 'timer', id: 'catch-up', at: 2 });
    expect(asked).toEqual([nodes[0]!.name]);
    const answer = { generation: 3, decisions: [gap], ballots: [], values: [], more: true };
    const bytes = encode(forms.answerCodec, answer);
    const tag = `ae/${nodes[0]!.name}`;
    const step = machine.step(state, { type: 'response', tag, ok: true, bytes, at: 3 });
    const reports = step.effects.flatMap((effect) => (effect.type === 'report' ? [effect.report] : []));
    expect(reports).toContainEqual(expect.objectContaining({ type: 'answered', result: 'refused' }));
    expect(step.effects.filter(({ type }) => type === 'request')).toEqual([]);
    expect(step.state.progress.ahead).toBeUndefined();
  });
});

const started = decide(eldersOf(nodes), dkgOf(nodes), secretOf('second key'));

describe.each([
  ['a request to join', eldersOf(nodes), { type: 'join', nodes: [stranger!.publicKey] }],
  ['the end of a session', started, handoverOf(started, secretOf('third key'))],
] as const)('%s that some elders have seen', (_what, ledger, action) => {
  /** What an elder says when others propose it in `view`, and `voters` vote for it. */
  function ledInto(view: number, voters: readonly number[]): readonly string[] {
    const me = ledger.elders.findIndex((elder) => elder.name === nodes[0]!.name);
    let state = follow(nodes[0]!, ledger.decisions);
    const share = secretOf(`${secretOf('second key')} share ${me}`);
    ({ state } = machine.step(state, { type: 'share', key: ledger.key, share, at: 2 }));
    const { instance, firstLeader } = state.agreement!.options;
    const value = encodeDecision({ ...nextOf(ledger), action });
    const common = { prefix: '', generation: ledger.generation + 1 };
    const of = (index: number) => nodes.find((node) => node.name === ledger.elders[index]!.name)!;
    const votes = voters.map((by) => {
      const ballot = { instance, view, step: 'prevote', value: sha256(value), fast: false, extra: new Uint8Array(0) };
      return seal(of(by), 'sectionVote', encode(forms.voteBody, { ...common, vote: { ...ballot, step: 'prevote' } }));
    });
    const proposal = { instance, view, validView: undefined, value };
    const leader = of((firstLeader + view) % 4);
    const said: string[] = [];
    const proposed = seal(leader, 'sectionProposal', encode(forms.proposalBody, { ...common, proposal }));
    for (const bytes of [...votes, proposed]) {
      const step = machine.step(state, { type: 'received', bytes, at: 3 });
      state = step.state;
      for (const effect of step.effects) {
        if (effect.type !== 'broadcast') continue;
        const { kind, body } = peekEnvelope(effect.bytes, NETWORK);
        if (kind !== 'sectionVote') continue;
        const { vote } = decode(forms.voteBody, body);
        const isIt = vote.value && toHex(vote.value) === toHex(sha256(value));
        said.push(`${vote.step} ${vote.view} ${isIt ? 'it' : 'else'}`);
      }
    }
    return said;
  }

  test('is not voted for by one who has not, at first', () => {
    expect(ledInto(1, [1, 2, 3])).not.toContain('prevote 1 it');
  });

  test('is when so many insist on it that one of them is honest', () => {
    expect(ledInto(2, [1, 2, 3])).toContain('prevote 2 it');
  });
});
