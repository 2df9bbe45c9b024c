import { encodeCurvePoint, mulBase } from '@witan/crypto';
import { describe, expect, test } from 'vitest';
import { type forms, Phase, type RejectReason } from '../src/index.ts';
import { byPhase, expectBlamed, machine, members, said } from './refusals.ts';
import { following, forge, payloadOf } from './support.ts';

const uncompressed = (x: number, y: number, flags = 0) => {
  return new Uint8Array(96).with(0, flags).with(47, x).with(95, y);
};
/** It claims to be compressed. */
const UNREADABLE = uncompressed(0, 0, 0x80);
const INFINITY = uncompressed(0, 0, 0x40);
/** (0, 2) is on the curve, and of order 3. */
const OUTSIDE_SUBGROUP = uncompressed(0, 2);
/** 1³ + 4 is no square in the field. */
const OFF_CURVE = uncompressed(1, 2);

/** Messages whose commitment is not what it has to be, and how they are refused. */
function badCommitments<P extends forms.PayloadOf<'contribution'> | forms.PayloadOf<'commitment'>>(
  good: P,
): [string, P, RejectReason][] {
  const { commitment } = good;
  const withPoint = (point: Uint8Array, at = 1) => ({ ...good, commitment: commitment.with(at, point) });
  return [
    ['with bytes that are no point', withPoint(UNREADABLE), 'malformed'],
    ['with a point off the curve', withPoint(OFF_CURVE), 'malformed'],
    ['with a point outside the subgroup', withPoint(OUTSIDE_SUBGROUP), 'invalid'],
    ['with a point at infinity', withPoint(INFINITY), 'invalid'],
    ['with the point at infinity for its secret', withPoint(INFINITY, 0), 'invalid'],
    ['with a coefficient too few', { ...good, commitment: commitment.slice(1) }, 'invalid'],
    ['with a coefficient too many', { ...good, commitment: [...commitment, encodeCurvePoint(mulBase(5n))] }, 'invalid'],
    ['without coefficients', { ...good, commitment: [] }, 'invalid'],
  ];
}

describe('a contribution', () => {
  const { state } = byPhase.get(Phase.Contribution)!.node;
  const good = payloadOf(said(1, 'contribution')) as forms.PayloadOf<'contribution'>;
  test('that is as it should be counts', () => {
    const step = machine.step(state, { type: 'received', bytes: said(1, 'contribution'), at: 1 });
    expect(step.state.messages[Phase.Contribution]!.has(1)).toBe(true);
    expect(step.state.blame).toEqual([]);
  });

  test.each<[string, forms.Payload, RejectReason]>([
    ...badCommitments(good),
    ['with a share too few', { ...good, shares: good.shares.slice(1) }, 'invalid'],
    ['with a share too many', { ...good, shares: [...good.shares, good.shares[0]!] }, 'invalid'],
    ['without shares', { ...good, shares: [] }, 'invalid'],
  ])('%s is refused and costs its author', (_what, payload, reason) => expectBlamed(state, 1, payload, reason));
});

describe('a Feldman commitment', () => {
  const { net, node } = byPhase.get(Phase.Commitment)!;
  const { state } = node;
  const good = payloadOf(said(1, 'commitment')) as forms.PayloadOf<'commitment'>;

  test('that is as it should be counts', () => {
    const bytes = forge(members[1]!, net.session, good, following(state, 'commitment'));
    const step = machine.step(state, { type: 'received', bytes, at: 1 });
    expect(step.state.messages[Phase.Commitment]!.has(1)).toBe(true);
    expect(step.state.blame).toEqual([]);
  });

  test.each(badCommitments(good))('%s is refused and costs its author', (_what, payload, reason) =>
    expectBlamed(state, 1, payload, reason),
  );
});
