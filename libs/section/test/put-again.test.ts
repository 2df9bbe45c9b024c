import { type Identity, toHex } from '@witan/crypto';
import { decode, encode, sealEnvelope } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { DEFAULT_PARAMS, type Event, forms, initialState, type State, sectionMachine } from '../src/index.ts';
import { eldersOf, GENESIS_KEY, identities, NETWORK } from './support.ts';

const machine = sectionMachine();
const nodes = identities(4);
const [asker, elder] = nodes as [Identity, Identity];
const ledger = eldersOf(nodes);

function follow(identity: Identity, decisions: readonly Uint8Array[]): State {
  const env = { identity, network: NETWORK, prefix: '', genesisKey: GENESIS_KEY, params: DEFAULT_PARAMS };
  const events = decisions.map((bytes): Event => ({ type: 'certified', bytes, at: 1 }));
  return events.reduce((state, event) => machine.step(state, event).state, initialState(env));
}

/** What it asks in the tick of its timer. */
function askedBy(
  state: State,
  at: number,
): { readonly state: State; readonly bytes: Uint8Array; readonly tag: string } {
  const step = machine.step(state, { type: 'timer', id: 'progress', at });
  const [request] = step.effects.flatMap((effect) => (effect.type === 'request' ? [effect] : []));
  return { state: step.state, ...request! };
}

function question(generation: number | undefined): Uint8Array {
  const body = encode(forms.holdingsBody, { prefix: '', generation, agreement: undefined });
  return sealEnvelope(asker, NETWORK, 'sectionHoldings', body).raw;
}

describe('what one has asked', () => {
  test('it asks in the same words while it is stuck', () => {
    const first = askedBy(follow(asker, []), 1000);
    const silence = { type: 'response', tag: first.tag, ok: false, error: 'WITAN_ERR_TIMEOUT', at: 1600 } as const;
    const second = askedBy(machine.step(first.state, silence).state, 2000);
    expect(toHex(second.bytes)).toBe(toHex(first.bytes));
  });

  test.each<[string, readonly Uint8Array[]]>([
    ['the same', [question(undefined)]],
    ['all that it ever asked', [undefined, 0, 1, 2].map(question)],
  ])('and others put to an elder over and over does not keep it from being answered: %s', (_what, known) => {
    let state = follow(elder, ledger.decisions);
    const answered = (bytes: Uint8Array, at: number): number => {
      const step = machine.step(state, { type: 'request', id: 'q', bytes, at });
      ({ state } = step);
      const reply = step.effects.find((effect) => effect.type === 'reply')!;
      return decode(forms.answerCodec, reply.bytes).decisions.length;
    };
    for (let nth = 0; nth < 200; nth++) {
      const at = 1000 + nth * 20;
      answered(known[nth % known.length]!, at);
      if (nth % 20 === 19) expect(answered(question(undefined), at + 10)).toBe(ledger.decisions.length);
    }
  });
});
