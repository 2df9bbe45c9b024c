import { describe, expect, test } from 'vitest';
import { confirmed, Phase } from '../src/index.ts';
import { identities, isAnswer, messageOf, Net, type NetOptions } from './support.ts';

const members = identities(7);
const [DEAF, MUTE] = [2, 5];

const names = members.map(({ name }) => name).sort();
const others = members.map((_, index) => index).filter((index) => index !== MUTE);

/** Until nobody waits for anything: what is asked after the end of the session is asked by then. */
function toItsRest(link: NetOptions['link'], onStep?: NetOptions['onStep']): Net {
  const net = new Net(members, { ...(link ? { link } : {}), ...(onStep ? { onStep } : {}) });
  return net.start().run(() => net.done && net.nodes.every(({ up, timers }) => !up || timers.size === 0));
}

/** What the mute says in Finalisation does not come to these, but by answers. */
function without(to: readonly number[]): Net {
  return toItsRest((from, receiver, bytes) => {
    const isLost = from === MUTE && to.includes(receiver) && !isAnswer(bytes);
    return isLost && messageOf(bytes)?.payload.type === 'finalisation' ? undefined : bytes;
  });
}

describe('who has shown a share of a key that is made', () => {
  test('is everybody, where all is heard', () => {
    for (const { state } of without([]).nodes) expect(confirmed(state).toSorted()).toEqual(names);
  });

  test.each([
    ['one', [DEAF]],
    ['all', others],
  ])('is asked for by %s that did not hear it', (_, deaf) => {
    for (const { state } of without(deaf).nodes) expect(confirmed(state).toSorted()).toEqual(names);
  });

  test('is asked for a few times only, of one that cannot tell any more', () => {
    const net = without([]);
    const gone = toItsRest(
      (from, _to, bytes) => (from === MUTE && messageOf(bytes)?.payload.type === 'finalisation' ? undefined : bytes),
      (node) => {
        if (node.index === MUTE && node.state.phase === Phase.Finalisation) node.up = false;
      },
    );
    const asked = ({ reports }: Net['nodes'][number]) => {
      const done = reports.findIndex(({ type }) => type === 'done');
      return reports.slice(done).filter(({ type }) => type === 'asked').length;
    };
    expect(net.nodes.map(asked)).toEqual(members.map(() => 0));
    for (const index of others) {
      expect(confirmed(gone.nodes[index]!.state)).toHaveLength(members.length - 1);
      expect(asked(gone.nodes[index]!)).toBeGreaterThan(0);
      expect(asked(gone.nodes[index]!)).toBeLessThan(12);
    }
  });
});
