import { encodeDecision } from '@witan/chain';
import { type Identity, sha256, toHex } from '@witan/crypto';
import { decode, encode, type Kind, peekEnvelope, sealEnvelope } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { DEFAULT_PARAMS, type Event, forms, initialState, type State, sectionMachine } from '../src/index.ts';
import { eldersOf, GENESIS_KEY, identities, NETWORK, nextOf, secretOf, sectionOf } from './support.ts';

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

/** The state after an event, and whom it made ask. */
function handle(state: State, event: Event): { readonly state: State; readonly asked: readonly string[] } {
  const step = machine.step(state, event);
  const asked = step.effects.flatMap((effect) => (effect.type === 'request' ? [effect.to] : []));
  return { state: step.state, asked };
}

describe('a node that knows the first decision only', () => {
  const alone = follow(nodes[1]!, sectionOf(nodes).decisions.slice(0, 1));

  /** Hears that there is more, looks for it, and gets no answer. */
  function hear(state: State, from: Identity, at: number) {
    const heard = handle(state, { type: 'received', bytes: heartbeat(from, 5, at), at }).state;
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

  test('follows the hint of one who may have become a member since, now and then', () => {
    const first = hear(alone, stranger!, 1000);
    expect(first.to).toBe(nodes[0]!.name);
    expect(hear(first.state, stranger!, 2000).to).toBeUndefined();
    expect(hear(first.state, stranger!, 1000 + DEFAULT_PARAMS.progressMaxMs).to).toBe('');
  });

  test('but not what is not signed by it', () => {
    const forged = heartbeat(stranger!, 5);
    const { state } = handle(alone, { type: 'received', bytes: forged.with(-1, forged.at(-1)! ^ 1), at: 1000 });
    expect(state.progress.ahead).toBeUndefined();
  });
});

describe('a request to join that some elders have seen', () => {
  /** What an elder says when others propose in `view` to admit the stranger, and `voters` vote for it. */
  function ledInto(view: number, voters: readonly number[]): readonly string[] {
    const ledger = eldersOf(nodes);
    const me = ledger.elders.findIndex((elder) => elder.name === nodes[0]!.name);
    let state = follow(nodes[0]!, ledger.decisions);
    const share = secretOf(`${secretOf('second key')} share ${me}`);
    ({ state } = machine.step(state, { type: 'share', key: ledger.key, share, at: 2 }));
    const { instance, firstLeader } = state.agreement!.options;
    const value = encodeDecision({ ...nextOf(ledger), action: { type: 'join', nodes: [stranger!.publicKey] } });
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
        said.push(`${vote.step} ${vote.view} ${isIt ? 'join' : 'else'}`);
      }
    }
    return said;
  }

  test('is not voted for by one who has not, at first', () => {
    expect(ledInto(1, [1, 2, 3])).not.toContain('prevote 1 join');
  });

  test('is when so many insist on it that one of them is honest', () => {
    expect(ledInto(2, [1, 2, 3])).toContain('prevote 2 join');
  });
});
