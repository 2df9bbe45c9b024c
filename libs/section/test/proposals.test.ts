import { bytes, encode, fixed, optional, sealEnvelope, struct, text, u32 } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import {
  DEFAULT_PARAMS,
  type Event,
  initialState,
  type SectionReport,
  type State,
  sectionMachine,
} from '../src/index.ts';
import { eldersOf, GENESIS_KEY, identities, NETWORK } from './support.ts';

const machine = sectionMachine();
const nodes = identities(4);
const ledger = eldersOf(nodes);
const LONGEST = 64 * 1024;

/** As long as a signed message can carry. */
const anyProposal = struct({
  prefix: text(256),
  generation: u32,
  proposal: struct({ instance: fixed(32), view: u32, validView: optional(u32), value: bytes(511 * 1024) }),
});

/** One that follows the section, and votes on nothing. */
const follower = ledger.decisions.reduce(
  (state, raw) => handle(state, { type: 'certified', bytes: raw, at: 1 }).state,
  initialState({
    identity: nodes[0]!,
    network: NETWORK,
    prefix: '',
    genesisKey: GENESIS_KEY,
    params: DEFAULT_PARAMS,
  }),
);
const { instance, firstLeader, members } = follower.agreement!.options;

function handle(state: State, event: Event) {
  const { state: after, effects } = machine.step(state, event);
  const reports = effects.flatMap((effect) => (effect.type === 'report' ? [effect.report as SectionReport] : []));
  return { state: after, reasons: reports.flatMap((report) => (report.type === 'rejected' ? [report.reason] : [])) };
}

/** By the elder that leads the `nth` of its views. */
function propose(state: State, nth: number, value: Uint8Array) {
  const proposal = { instance, view: nth * members, validView: undefined, value };
  const body = encode(anyProposal, { prefix: '', generation: ledger.generation + 1, proposal });
  const { raw } = sealEnvelope(nodes[firstLeader]!, NETWORK, 'sectionProposal', body);
  return handle(state, { type: 'received', bytes: raw, at: 1 });
}

describe('of what an elder proposes', () => {
  test('nothing is taken beyond what a decision can have', () => {
    const refused = propose(follower, 0, new Uint8Array(LONGEST + 1));
    expect(refused.reasons).toEqual(['malformed']);
    expect(refused.state.agreement).toBe(follower.agreement);
    const taken = propose(follower, 0, new Uint8Array(LONGEST));
    expect(taken.reasons).toEqual([]);
    expect(taken.state.agreement!.values.size).toBe(1);
  });

  test('for the views that it leads, the last is remembered alone', () => {
    let state = follower;
    for (let nth = 1; nth <= 40; nth++) {
      const taken = propose(state, nth, new Uint8Array(4096).fill(nth));
      expect(taken.reasons).toEqual([]);
      ({ state } = taken);
    }
    expect(state.agreement!.proposals.map(({ view }) => view)).toEqual([40 * members]);
    expect([...state.agreement!.values.values()].map(({ value }) => value[0])).toEqual([40]);
  });
});
