import { encodeG1, mulBase, toHex } from '@witan/crypto';
import { decode, peekEnvelope } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { DEFAULT_PARAMS, type DkgReport, forms, Phase } from '../src/index.ts';
import { identities, isAnswer, NETWORK, Net, type Node, outcomeOf } from './support.ts';

const PAGE_BYTES = 256 * 1024;

type Report<T extends DkgReport['type']> = Extract<DkgReport, { type: T }>;

function reportsOf<T extends DkgReport['type']>({ reports }: Node, type: T): readonly Report<T>[] {
  return reports.filter((report): report is Report<T> => report.type === type);
}

test('what does not fit one answer is fetched in several, and in each what is still lacking', () => {
  const answers: Uint8Array[] = [];
  // So many that what they say is more than a page.
  const net = new Net(identities(32), {
    link: (_from, to, bytes) => {
      if (to === 5 && isAnswer(bytes)) answers.push(bytes);
      return bytes;
    },
  });
  const late = net.nodes[5]!;
  net.startWithout(late);
  expect(outcomeOf(late)).toBe(outcomeOf(net.nodes[0]!));
  expect(encodeG1(mulBase(late.state.secretShare!))).toEqual(late.state.outcome!.publicKeyShares[5]);

  const pages = answers.map((bytes) => decode(forms.answerCodec, bytes));
  expect(pages.map(({ more }) => more)).toEqual([true, false]);
  expect(reportsOf(late, 'asked').map(({ reason }) => reason)).toEqual(['later-phase', 'more']);
  const [first, second] = pages.map(({ items }) => new Set(items.map(toHex)));
  expect([...second!].filter((item) => first!.has(item))).toEqual([]);
  const whole = [...first!, ...second!].join('').length / 2;
  expect(whole).toBeGreaterThan(PAGE_BYTES);
  for (const page of pages) {
    expect(page.items.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(PAGE_BYTES);
  }
});

describe('two who both lack something and can ask only each other', () => {
  const FOR_MS = 60_000;
  /** In that time, when the waits have doubled to their longest; before, some more. */
  const ASKS_MAX = FOR_MS / DEFAULT_PARAMS.progressMaxMs + 10;

  /**
   * The first two of four. The other two are killed when they have said what they have to say first, of which `isLost`
   * keeps something from the first two. Being asked leads to no question, unless by one who is ahead, and an answer to
   * one at most, if it has brought something or did not come.
   */
  function leftAlone(isLost: (from: number, to: number) => boolean): readonly [Node, Node] {
    const net = new Net(identities(4), {
      link: (from, to, bytes) => (isQuestion(bytes) || isAnswer(bytes) || !isLost(from, to) ? bytes : undefined),
      onStep: (_node, before, event, { state, effects }) => {
        const asks = effects.filter(({ type }) => type === 'request').length;
        if (event.type === 'request' && phaseOf(event.bytes) <= before.phase) expect(asks).toBe(0);
        const hasLearnt = state.progress.learnt > before.progress.learnt;
        // Who is not answered goes on to the next, until it has asked all.
        const mayGoOn = hasLearnt || (event.type === 'response' && !event.ok);
        if (event.type === 'response') expect(asks).toBeLessThanOrEqual(mayGoOn ? 1 : 0);
      },
    });
    net.start();
    net.pump();
    const [first, second, ...others] = net.nodes;
    for (const node of others) net.crash(node, true);
    const end = net.now + FOR_MS;
    for (net.pump(); net.now < end; net.pump()) net.fireNext();
    return [first!, second!];
  }

  const isQuestion = (bytes: Uint8Array) => !isAnswer(bytes) && peekEnvelope(bytes, NETWORK).kind === 'dkgHoldings';
  const phaseOf = (question: Uint8Array) => decode(forms.holdingsCodec, peekEnvelope(question, NETWORK).body).phase;

  test('that neither has: they ask the less often the longer it brings nothing', () => {
    for (const node of leftAlone((from, to) => from >= 2 && to < 2)) {
      expect(node.state.phase).toBe(Phase.Initialisation);
      expect(node.state.messages[Phase.Initialisation]!.size).toBe(2);
      const asked = reportsOf(node, 'asked').length;
      expect(asked).toBeGreaterThan(5);
      expect(asked).toBeLessThanOrEqual(ASKS_MAX);
    }
  });

  test('that the other has: they have it after a question each, and rest as before', () => {
    const both = leftAlone((from, to) => from === to + 2);
    for (const node of both) {
      expect(node.state.messages[Phase.Initialisation]!.size).toBe(4);
      expect(reportsOf(node, 'answered').filter(({ result }) => result === 'new')).toHaveLength(1);
      expect(reportsOf(node, 'asked').length).toBeLessThanOrEqual(ASKS_MAX);
    }
  });
});
