import { combineVerified, encodeG1, mod, mulBase, signShare, toHex, verifySignature } from '@witan/crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dkgMachine, forms, isDone, waitingOn } from '../src/index.ts';
import { choices, identities, Net, type NetOptions, outcomeOf, seedOf, slotOf, snapshot } from './support.ts';

const MESSAGE = new Uint8Array(Buffer.from('a statement of the section'));

function settled(count: number, options: NetOptions = {}): Net {
  return new Net(identities(count), options).start().run();
}

function sharesOf(net: Net, signers: readonly number[]) {
  return signers.map((index) => ({ index, signature: signShare(net.nodes[index]!.state.secretShare!, MESSAGE) }));
}

describe.each([4, 7])('%i participants', (count) => {
  const inOrder = settled(count);
  const expected = outcomeOf(inOrder.nodes[0]!);

  test('make the key that is the sum of their secrets, and a share of it each', () => {
    const { outcome } = inOrder.nodes[0]!.state;
    const degree = inOrder.session.threshold - 1;
    const secret = mod(
      inOrder.nodes.reduce((sum, { index }) => sum + forms.deal(seedOf(index), degree + 1).value[0]!, 0n),
    );
    expect(toHex(outcome!.key)).toBe(toHex(encodeG1(mulBase(secret))));
    for (const { state, index } of inOrder.nodes) {
      expect(encodeG1(mulBase(state.secretShare!))).toEqual(outcome!.publicKeyShares[index]);
      expect(state.blame).toEqual([]);
    }
  });

  test('sign the transcript by the new key', () => {
    for (const { state } of inOrder.nodes) {
      const { key, transcript, signature } = state.outcome!;
      expect(verifySignature(key, forms.confirmationMessage(transcript), signature!)).toBe(true);
    }
  });

  test('reach the same outcome in any order, with any repetition, and no timer', () => {
    fc.assert(
      fc.property(fc.integer(), fc.boolean(), (seed, repeated) => {
        const choose = choices(seed);
        const net = new Net(identities(count), { pick: choose, copies: () => (repeated ? 1 + choose(3) : 1) });
        net.start().pump();
        expect(net.nodes.map(outcomeOf)).toEqual(net.nodes.map(() => expected));
        expect(net.done).toBe(true);
      }),
      { numRuns: count === 4 ? 12 : 4 },
    );
  });

  test('sign with a threshold of shares, whichever they are, and not with fewer', () => {
    const { outcome } = inOrder.nodes[0]!.state;
    const { threshold } = inOrder.session;
    const request = {
      publicKey: outcome!.key,
      publicKeyShares: outcome!.publicKeyShares,
      message: MESSAGE,
      threshold,
    };
    fc.assert(
      fc.property(fc.shuffledSubarray([...inOrder.nodes.keys()], { minLength: threshold }), (signers) => {
        const combined = combineVerified({ ...request, shares: sharesOf(inOrder, signers) });
        expect('signature' in combined && verifySignature(outcome!.key, MESSAGE, combined.signature)).toBe(true);
      }),
      { numRuns: 5 },
    );
    const few = sharesOf(inOrder, [...inOrder.nodes.keys()].slice(0, threshold - 1));
    expect(() => combineVerified({ ...request, shares: few })).toThrow();
    // Nor does a lower threshold help: what too few shares interpolate to is another key's signature.
    const forced = tryCombine({ ...request, threshold: threshold - 1, shares: few });
    expect(forced && verifySignature(outcome!.key, MESSAGE, forced)).not.toBe(true);
  });

  test('finish without the dead, however many are tolerated', () => {
    const tolerated = count - inOrder.session.quorum;
    const net = new Net(identities(count));
    const dead = net.nodes.slice(0, tolerated);
    for (const node of dead) node.up = false;
    net.start(net.nodes.slice(tolerated)).run();
    const living = net.nodes.slice(tolerated);
    expect(new Set(living.map(outcomeOf)).size).toBe(1);
    expect(living[0]!.state.outcome!.qualified).toEqual(living.map((node) => node.index));
    expect(living[0]!.state.blame).toEqual([]);
  });

  test('stall when one more is dead, say whom they wait for, and go on when it returns', () => {
    const net = new Net(identities(count));
    const tolerated = count - inOrder.session.quorum;
    const dead = net.nodes.slice(0, tolerated + 1);
    for (const node of dead) node.up = false;
    const living = net.nodes.slice(tolerated + 1);
    net.start(living).run(() => net.now > 10_000);
    for (const { state, reports } of living) {
      expect(isDone(state)).toBe(false);
      expect(waitingOn(state)).toEqual(dead.map((node) => node.index));
      const stalled = reports.findLast((report) => report.type === 'stalled');
      expect(stalled).toMatchObject({ phase: 'initialisation', waitingOn: dead.map((node) => node.identity.name) });
    }
    dead[0]!.up = true;
    net.start([dead[0]!]).run();
    expect(new Set([...living, dead[0]!].map(outcomeOf)).size).toBe(1);
    expect(living[0]!.reports.some((report) => report.type === 'resumed')).toBe(true);
  });
});

function tryCombine(request: Parameters<typeof combineVerified>[0]): Uint8Array | undefined {
  try {
    const combined = combineVerified(request);
    return 'signature' in combined ? combined.signature : undefined;
  } catch {
    return undefined;
  }
}

describe('a step', () => {
  test('is a function of state and event, and leaves the state as it was', () => {
    const machine = dkgMachine();
    let steps = 0;
    settled(4, {
      onStep: (_node, before, event, { state, effects }) => {
        if (++steps % 3 !== 0) return;
        const picture = snapshot(before);
        const again = machine.step(before, event);
        expect(snapshot(again.effects)).toBe(snapshot(effects));
        expect(snapshot(again.state)).toBe(snapshot(state));
        expect(snapshot(before)).toBe(picture);
      },
    });
    expect(steps).toBeGreaterThan(60);
  });

  test('asks for a record of every vote and of the seed before anything that follows from them is sent', () => {
    const net = new Net(identities(4), {
      onStep: (node, _before, _event, { effects }) => {
        const onDisk = new Set<string>();
        for (const effect of effects) {
          if (effect.type === 'persist' && effect.durable) {
            const fact = forms.decodeFact(effect.record);
            if (fact.type === 'voted') onDisk.add(toHex(fact.raw));
          }
          if (effect.type !== 'broadcast') continue;
          expect(node.journal.length > 0 || effects[0]!.type === 'persist').toBe(true);
          if (/prevote|precommit/.test(slotOf(effect.bytes))) expect(onDisk.has(toHex(effect.bytes))).toBe(true);
        }
      },
    });
    net.start().run();
    const [first] = net.nodes[0]!.journal;
    expect(first).toMatchObject({ durable: true, secret: true });
    expect(forms.decodeFact(first!.record).type).toBe('started');
  });
});

test('one who only follows computes the same outcome and has no share', () => {
  const net = new Net(identities(4));
  const machine = dkgMachine();
  const [follower] = identities(1, 'follower');
  let { state } = machine.step(net.fresh(follower!), { type: 'start', seed: undefined, at: 0 });
  net.start().run();
  for (const bytes of net.nodes.flatMap((node) => node.said)) {
    ({ state } = machine.step(state, { type: 'received', bytes, at: 0 }));
  }
  expect(state.outcome?.transcript).toEqual(net.nodes[0]!.state.outcome!.transcript);
  expect(state.outcome?.signature).toBeDefined();
  expect(state.secretShare).toBeUndefined();
});
