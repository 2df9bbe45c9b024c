import { decode, peekEnvelope } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { dkgMachine, forms, type State } from '../src/index.ts';
import { identities, NETWORK, Net } from './support.ts';

const members = identities(7);
const machine = dkgMachine();

/** Participant 5 says nothing at all, and 4 hears nothing: all are in Initialisation until the deadline, 4 as it began. */
function stuck() {
  const net = new Net(members, { link: (_from, to, bytes) => (to === 4 ? undefined : bytes) });
  net.start(net.nodes.filter(({ index }) => index !== 5));
  const asker = net.nodes[4]!;
  const isPresence = (bytes: Uint8Array) => peekEnvelope(bytes, NETWORK).kind === 'dkgHoldings';
  net.run(() => asker.said.some(isPresence));
  return { helper: net.nodes[0]!.state, asker: asker.state, presence: asker.said.find(isPresence)! };
}

describe('a sign that somebody is there', () => {
  const { helper, asker, presence } = stuck();

  test('is what it asks at the same time', () => {
    const free: State = { ...asker, progress: { ...asker.progress, asking: undefined, overdue: new Set() } };
    const { effects } = machine.step(free, { type: 'timer', id: 'progress', at: 9000 });
    const asked = effects.flatMap((effect) => (effect.type === 'request' ? [effect.bytes] : []));
    expect(asked).toEqual([presence]);
  });

  test('and others put to a participant over and over does not keep its author from being answered', () => {
    let state = helper;
    const answered = (at: number): number => {
      const step = machine.step(state, { type: 'request', id: 'q', bytes: presence, at });
      ({ state } = step);
      const reply = step.effects.find((effect) => effect.type === 'reply')!;
      return decode(forms.answerCodec, reply.bytes).items.length;
    };
    for (let nth = 0; nth < 200; nth++) {
      const at = 10_000 + nth * 20;
      answered(at);
      if (nth % 20 === 19) expect(answered(at + 10)).toBeGreaterThan(0);
    }
  });
});
