import { peekEnvelope } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { Phase } from '../src/index.ts';
import { identities, NETWORK, Net, payloadOf } from './support.ts';

/** As docs/dkg.md has them. */
const CONTRIBUTIONS = { 7: 1515, 16: 3135, 31: 5792 };
const COMMITMENTS = { 7: 738, 16: 1314, 31: 2274 };

describe.each([7, 16, 31] as const)('in a session of %i, with all there and nobody accused', (count) => {
  const net = new Net(identities(count)).start().run();

  test('messages are as long as docs/dkg.md says', () => {
    const said = net.nodes.flatMap((node) => node.said);
    const lengths = Object.groupBy(said, (bytes) => payloadOf(bytes)?.type ?? 'vote');
    const each = Object.entries(lengths).map(([what, all]) => [what, [...new Set(all.map(({ length }) => length))]]);
    expect(Object.fromEntries(each)).toEqual({
      initialisation: [208],
      contribution: [CONTRIBUTIONS[count]],
      complaining: [221],
      commitment: [COMMITMENTS[count]],
      finalisation: [347],
      vote: [218],
    });
    // A Contribution of 31 is too long to carry a vote.
    expect(said).toHaveLength(count * (count === 31 ? 7 : 6));
  });
});

test('certificates of seven are as long as docs/dkg.md says', () => {
  const { state } = new Net(identities(7)).start().run().nodes[0]!;
  const bytes = (phase: Phase) => state.closes[phase]!.certificate.length;
  expect([Phase.Initialisation, Phase.Complaining].map(bytes)).toEqual([10_886, 1807]);
});

test('a question in a session of 31 is as long as docs/anti-entropy.md says', () => {
  const asked = new Set<number>();
  const net = new Net(identities(31), {
    link: (_from, _to, bytes) => {
      if (bytes[1] === 20 && peekEnvelope(bytes, NETWORK).kind === 'dkgHoldings') asked.add(bytes.length);
      return bytes;
    },
  });
  const late = net.nodes[1]!;
  net.startWithout(late);
  expect(asked.size).toBeGreaterThan(0);
  expect([Math.min(...asked), Math.max(...asked)]).toEqual([204, 207]);
});
