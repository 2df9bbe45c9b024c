import { decode, encode, peekEnvelope, sealEnvelope } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { DEFAULT_PARAMS, dkgMachine, forms, Phase, type State } from '../src/index.ts';
import { identities, makeSession, NETWORK, Net, type NetOptions } from './support.ts';

const members = identities(7);
const machine = dkgMachine();
const kindOf = (bytes: Uint8Array) => peekEnvelope(bytes, NETWORK).kind;

/** Participant 5 says nothing at all, and 6 is killed when it has been heard in Initialisation, or is not. */
function oneSilent(options: NetOptions & { readonly isKilled: boolean }) {
  const net = new Net(members, options);
  const [mute, dying] = net.nodes.slice(5);
  mute!.up = false;
  net.start(net.nodes.filter((node) => node !== mute));
  net.pump();
  if (options.isKilled) net.crash(dying!, true);
  net.run();
  return net;
}

describe('after a phase that ran to its deadline', () => {
  test('who spoke in it and has died since is not waited for', () => {
    const net = oneSilent({ isKilled: true });
    const { closes } = net.nodes[0]!.state;
    expect(closes[Phase.Initialisation]!.value.silent).toEqual([6]);
    expect([...closes[Phase.Initialisation]!.included.keys()]).toEqual([0, 1, 2, 3, 4, 6]);
    expect([...closes[Phase.Contribution]!.included.keys()]).toEqual([0, 1, 2, 3, 4]);
    expect(net.now).toBeLessThan(1.5 * DEFAULT_PARAMS.deadlineMs);
  });

  test('who is there is not said to be silent, though some have not heard that it is', () => {
    const net = oneSilent({
      isKilled: false,
      link: (from, to, bytes) => (from === 6 && (to === 1 || to === 2) && isPresence(bytes) ? undefined : bytes),
    });
    for (const close of net.nodes[0]!.state.closes) expect(close?.value.silent ?? []).toEqual([]);
    expect(net.nodes[0]!.state.outcome!.qualified).toEqual([0, 1, 2, 3, 4, 6]);
  });

  test('everybody has said once that it is there, and in no other phase', () => {
    const net = oneSilent({ isKilled: true });
    for (const { said } of net.nodes.slice(0, 5)) {
      const phases = said.filter(isPresence).map((bytes) => holdingsOf(bytes).phase);
      expect(phases).toEqual([Phase.Initialisation]);
    }
  });
});

function isPresence(bytes: Uint8Array): boolean {
  return bytes[1] === HOLDINGS_KIND;
}
const holdingsOf = (bytes: Uint8Array) => decode(forms.holdingsCodec, peekEnvelope(bytes, NETWORK).body);
/** Second byte of the envelope. */
const HOLDINGS_KIND = 20;

describe('a sign that somebody is there', () => {
  const net = oneSilent({ isKilled: true });
  const sign = net.nodes[1]!.said.find(isPresence)!;
  expect(kindOf(sign)).toBe('dkgHoldings');
  const waiting = new Net(members);
  waiting.start(waiting.nodes.slice(0, 3));
  waiting.pump();
  const { state } = waiting.nodes[0]!;
  const [stranger] = identities(1, 'stranger');
  const resealed = (by: typeof stranger, change: Partial<ReturnType<typeof holdingsOf>> = {}) =>
    sealEnvelope(by!, NETWORK, 'dkgHoldings', encode(forms.holdingsCodec, { ...holdingsOf(sign), ...change })).raw;

  const emptyProgress = ({ progress }: State) => ({ ...progress, asking: undefined, overdue: new Set<string>() });

  const take = (bytes: Uint8Array, from = state) => {
    const { state: after, effects } = machine.step(from, { type: 'received', bytes, at: 10 });
    const reasons = effects.flatMap((effect) => (effect.type === 'report' ? [effect.report] : []));
    return { after, reasons };
  };

  test('is taken once', () => {
    const { after, reasons } = take(sign);
    expect([...after.present]).toEqual([1]);
    expect(reasons).toEqual([]);
    expect(take(sign, after).reasons).toMatchObject([{ reason: 'duplicate' }]);
  });

  test.each<[string, Uint8Array, string]>([
    ['of a stranger', resealed(stranger), 'not-participant'],
    ['of another session', resealed(members[1], { session: makeSession(members, 3).idBytes }), 'wrong-session'],
    ['of no phase', resealed(members[1], { phase: 77 }), 'malformed'],
    ['with another signature', sign.with(-1, sign.at(-1)! ^ 1), 'signature'],
    ['cut off', sign.subarray(0, 90), 'malformed'],
  ])('%s is refused', (_what, bytes, reason) => {
    const { after, reasons } = take(bytes);
    expect(reasons).toMatchObject([{ type: 'rejected', reason }]);
    expect(after.present.size).toBe(0);
  });

  test('in a later phase is reason to ask that one', () => {
    const { after, reasons } = take(resealed(members[1], { phase: 1 }), { ...state, progress: emptyProgress(state) });
    expect(after.present.size).toBe(0);
    expect(reasons).toMatchObject([{ type: 'asked', to: members[1]!.name, reason: 'later-phase' }]);
  });
});
