import { encodeG1, mulBase, scalarToBytes, toHex } from '@witan/crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dkgMachine, forms, isDone } from '../src/index.ts';
import { choices, identities, Net, type Node, outcomeOf, recovered, type Stored, seedOf, slotOf } from './support.ts';

const members = identities(4);
const machine = dkgMachine();

/** Nobody says two things under one name, however often it is restarted. */
class Words {
  readonly #said = new Map<string, string>();

  note(node: Node, bytes: Uint8Array): void {
    const slot = slotOf(bytes);
    // Votes of others, which justify its own, are theirs to answer for.
    if (!slot.startsWith(node.identity.name)) return;
    // A proposal binds nobody; what is voted for does.
    if (slot.endsWith('proposal')) return;
    const before = this.#said.get(slot);
    expect(before ?? toHex(bytes)).toBe(toHex(bytes));
    this.#said.set(slot, toHex(bytes));
  }

  get size(): number {
    return this.#said.size;
  }
}

describe('after a restart at any point', () => {
  const net = new Net(members).start().run();

  test.each([0, 1, 2, 3])('participant %i says again what it said, in the same bytes, or nothing', (index) => {
    const node = net.nodes[index]!;
    const words = new Words();
    for (const bytes of node.said) words.note(node, bytes);
    const count = words.size;
    for (let length = 0; length <= node.journal.length; length++) {
      const state = recovered(net.fresh(node.identity), node.journal.slice(0, length));
      const { effects } = machine.resume(state, 5_000);
      const again = effects.flatMap((effect) => (effect.type === 'broadcast' ? [effect.bytes] : []));
      for (const bytes of again) words.note(node, bytes);
      if (length === 0) expect(effects).toEqual([]);
    }
    // Nor did it say anything that it had not said.
    expect(words.size).toBe(count);
  });

  test('recovery is a fold: the same records give the same state, whatever was lost after them', () => {
    const node = net.nodes[0]!;
    for (const length of [1, 7, 15, node.journal.length]) {
      const [a, b] = [0, 0].map(() => recovered(net.fresh(node.identity), node.journal.slice(0, length)));
      expect(a!.phase).toBe(b!.phase);
      expect([...a!.variants.keys()]).toEqual([...b!.variants.keys()]);
    }
    const whole = recovered(net.fresh(node.identity), node.journal);
    expect(whole.outcome!.transcript).toEqual(node.state.outcome!.transcript);
    expect(whole.secretShare).toBe(node.state.secretShare);
  });

  test('one that had finished is finished, with its share', () => {
    const node = net.nodes[1]!;
    const step = machine.resume(recovered(net.fresh(node.identity), node.journal), 9_000);
    expect(isDone(step.state)).toBe(true);
    expect(step.state.secretShare).toBe(node.state.secretShare);
  });

  test('its seed on disk is a secret record, and so is its share', () => {
    for (const node of net.nodes) expectSecret(node, node.journal, [seedOf(node.index)]);
  });
});

/** Neither seeds nor the share stand anywhere but in records that are sealed. */
function expectSecret(node: Node, records: readonly Stored[], seeds: readonly Uint8Array[]): void {
  const share = scalarToBytes(node.state.secretShare!);
  const clear = records.filter((each) => !each.secret).map((each) => toHex(each.record));
  for (const secret of [...seeds, share]) expect(clear.join(' ')).not.toContain(toHex(secret));
}

test('killed at random moments, losing what was not synced or not, all finish alike and nobody contradicts itself', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.array(fc.record({ after: fc.integer({ min: 1, max: 60 }), who: fc.nat(3), keep: fc.boolean() }), {
        maxLength: 6,
      }),
      (seed, kills) => {
        const words = new Words();
        const net = new Net(members, { pick: choices(seed) }).start();
        for (const { after, who, keep } of kills) {
          let left = after;
          net.pump(() => left-- <= 0);
          const node = net.nodes[who]!;
          if (!node.up) continue;
          net.crash(node, keep);
          left = 10;
          net.pump(() => left-- <= 0);
          net.restart(node);
        }
        net.run();
        for (const node of net.nodes) for (const bytes of node.said) words.note(node, bytes);
        expect(new Set(net.nodes.map(outcomeOf)).size).toBe(1);
        for (const { state, index } of net.nodes) {
          expect(state.blame).toEqual([]);
          expect(encodeG1(mulBase(state.secretShare!))).toEqual(state.outcome!.publicKeyShares[index]);
        }
      },
    ),
    { numRuns: 8 },
  );
});

test('all killed at once in every phase go on where they were', () => {
  const whole = new Net(members).start().run();
  for (const phase of [0, 1, 2, 4, 5]) {
    const net = new Net(members).start();
    net.pump(() => net.nodes.some((node) => node.state.phase === phase));
    for (const node of net.nodes) net.crash(node, false);
    net.pump();
    for (const node of net.nodes) net.restart(node);
    net.run();
    expect(net.nodes.map(outcomeOf)).toEqual(whole.nodes.map(outcomeOf));
  }
});

describe('once the key is in use', () => {
  const net = new Net(members);
  // One is away from the beginning, and will need what the others kept.
  const [straggler] = net.nodes.slice(3);
  straggler!.up = false;
  net.start(net.nodes.slice(0, 3)).run();
  const shares = net.nodes.map((node) => node.state.secretShare);
  const seeds = net.nodes.slice(0, 3).map((node) => node.state.seed);
  for (const node of net.nodes.slice(0, 3)) net.step(node, { type: 'retire', at: net.now });

  test('the bytes of the seed are overwritten, after the journal has been rewritten', () => {
    expect(seeds).toEqual(seeds.map(() => new Uint8Array(32)));
    const again = new Net(members).start().run().nodes[0]!;
    const { effects } = machine.step(again.state, { type: 'retire', at: net.now });
    expect(effects.map(({ type }) => type)).toEqual(['compact', 'destroy']);
    // Whoever is told to rewrite the journal and cannot still has it.
    expect(again.state.seed).toEqual(seedOf(0));
  });

  test('seed and shares of dealers are gone, from memory and from the journal', () => {
    for (const node of net.nodes.slice(0, 3)) {
      expect(node.state.seed).toBeUndefined();
      expect(node.state.dealing).toBeUndefined();
      expect(node.state.shares.size).toBe(0);
      const all = node.journal.map((each) => toHex(each.record)).join(' ');
      expect(all).not.toContain(toHex(seedOf(node.index)));
      expectSecret(node, node.journal, [seedOf(node.index)]);
      const kinds = node.journal.map(({ record, secret }) => `${forms.decodeFact(record).type} ${secret}`);
      expect(kinds.filter((kind) => kind.endsWith('true'))).toEqual(['finished true']);
    }
  });

  test('retiring twice asks for nothing more', () => {
    expect(machine.step(net.nodes[0]!.state, { type: 'retire', at: net.now }).effects).toEqual([]);
  });

  test('a restart keeps the share, and stragglers are served until they have theirs', () => {
    for (const node of net.nodes.slice(0, 3)) {
      net.crash(node, true);
      net.restart(node);
      expect(isDone(node.state)).toBe(true);
      expect(node.state.secretShare).toBe(shares[node.index]);
      expect(node.state.seed).toBeUndefined();
    }
    straggler!.up = true;
    net.start([straggler!]).run();
    expect(outcomeOf(straggler!)).toBe(outcomeOf(net.nodes[0]!));
    const { outcome, secretShare } = straggler!.state;
    expect(encodeG1(mulBase(secretShare!))).toEqual(outcome!.publicKeyShares[3]);
  });

  test('a journal that is restarted again and again does not grow', () => {
    const [node] = net.nodes;
    const lengths = [0, 0, 0].map(() => {
      net.crash(node!, true);
      net.restart(node!);
      return node!.journal.length;
    });
    expect(new Set(lengths).size).toBe(1);
  });
});
