import {
  type Action,
  certificateMessage,
  type Decision,
  decisionHash,
  decisionId,
  decodeDecision,
  encodeCertified,
  encodeDecision,
  MAX_JOINS,
  MAX_PARTICIPANTS,
  NO_PARENT,
  openCertified,
  peekCertified,
  supermajority,
  tolerated,
} from '@witan/chain';
import { combineSignatures, dealShares, encodeG1, keyPair, signShare, toHex } from '@witan/crypto';
import { WitanError } from '@witan/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { certify, NETWORK, NODE, refusal } from './made.ts';

const raw = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const u16 = fc.nat({ max: 2 ** 16 - 1 });
const u31 = fc.nat({ max: 2 ** 31 - 1 });
const nodes = (maxLength: number) => fc.array(raw(32), { maxLength });
const actions: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ type: fc.constant('genesis' as const), node: raw(32), key: raw(48) }),
  fc.record({ type: fc.constant('join' as const), nodes: nodes(4) }),
  fc.record({
    type: fc.constant('dkg' as const),
    chainLength: u31,
    participants: nodes(7),
    threshold: u16,
    attempt: u16,
  }),
  fc.record({
    type: fc.constant('handover' as const),
    session: raw(32),
    key: raw(48),
    threshold: u16,
    elders: nodes(7),
    publicKeyShares: fc.array(raw(48), { maxLength: 7 }),
  }),
);
const decisions: fc.Arbitrary<Decision> = fc.record({
  network: raw(8),
  prefix: fc.stringMatching(/^[01]{0,8}$/),
  generation: u31,
  parent: raw(32),
  action: actions,
});

function decisionOf(action: Action): Decision {
  return { network: NETWORK, prefix: '', generation: 1, parent: NO_PARENT, action };
}

const JOIN = encodeDecision(decisionOf({ type: 'join', nodes: [NODE] }));

describe('a decision', () => {
  test('reads what it wrote', () => {
    fc.assert(
      fc.property(decisions, (decision) => {
        const bytes = encodeDecision(decision);
        expect(decodeDecision(bytes)).toEqual(decision);
        expect(encodeDecision(decodeDecision(bytes))).toEqual(bytes);
      }),
      { numRuns: 200 },
    );
  });

  test('is refused with a byte changed, or is another decision with another hash', () => {
    fc.assert(
      fc.property(decisions, fc.nat(), fc.integer({ min: 1, max: 255 }), (decision, at, change) => {
        const bytes = encodeDecision(decision);
        const changed = bytes.slice();
        changed[at % bytes.length]! ^= change;
        expect(decisionId(changed)).not.toBe(decisionId(bytes));
        let read: Decision;
        try {
          read = decodeDecision(changed);
        } catch (error) {
          expect(error).toMatchObject({ name: 'WitanError', code: 'WITAN_ERR_MALFORMED' });
          return;
        }
        expect(encodeDecision(read)).toEqual(changed);
      }),
      { numRuns: 300 },
    );
  });

  test('is refused with its end missing or anything after it', () => {
    for (let length = 0; length < JOIN.length; length++) {
      expect(refusal(() => decodeDecision(JOIN.subarray(0, length))).code).toBe('WITAN_ERR_MALFORMED');
    }
    expect(refusal(() => decodeDecision(Uint8Array.of(...JOIN, 0))).code).toBe('WITAN_ERR_MALFORMED');
  });

  test('is named by its bytes', () => {
    expect(decisionHash(JOIN)).toHaveLength(32);
    expect(decisionId(JOIN)).toBe(toHex(decisionHash(JOIN)));
    expect(decisionId(encodeDecision(decodeDecision(JOIN)))).toBe(decisionId(JOIN));
    const next = encodeDecision({ ...decodeDecision(JOIN), generation: 2 });
    expect(decisionId(next)).not.toBe(decisionId(JOIN));
  });

  const many = (count: number) => new Array(count).fill(NODE) as Uint8Array[];
  const keys = (count: number) => new Array(count).fill(new Uint8Array(48)) as Uint8Array[];
  const dkg = (count: number): Action => ({
    type: 'dkg',
    chainLength: 1,
    participants: many(count),
    threshold: 1,
    attempt: 0,
  });
  const handover = (elders: number, shares: number): Action => ({
    type: 'handover',
    session: NO_PARENT,
    key: new Uint8Array(48),
    threshold: 1,
    elders: many(elders),
    publicKeyShares: keys(shares),
  });

  test.each([
    ['nodes that join', { type: 'join', nodes: many(MAX_JOINS) }, { type: 'join', nodes: many(MAX_JOINS + 1) }],
    ['participants', dkg(MAX_PARTICIPANTS), dkg(MAX_PARTICIPANTS + 1)],
    ['elders', handover(MAX_PARTICIPANTS, 1), handover(MAX_PARTICIPANTS + 1, 1)],
    ['key shares', handover(1, MAX_PARTICIPANTS), handover(1, MAX_PARTICIPANTS + 1)],
  ] as [string, Action, Action][])('has a bound on its %s', (_, most, more) => {
    expect(decodeDecision(encodeDecision(decisionOf(most))).action).toEqual(most);
    expect(refusal(() => encodeDecision(decisionOf(more))).code).toBe('WITAN_ERR_MALFORMED');
  });

  test('of an unknown kind is malformed', () => {
    const at = 8 + 4 + 4 + 32;
    const unknown = JOIN.slice();
    expect(unknown[at]).toBe(1);
    unknown[at] = 9;
    expect(refusal(() => decodeDecision(unknown)).detail).toBe('action: unknown variant 9');
  });

  test('of the largest size fits a certificate', () => {
    const largest = encodeDecision(decisionOf(handover(MAX_PARTICIPANTS, MAX_PARTICIPANTS)));
    expect(peekCertified(encodeCertified(largest, 0, new Uint8Array(96))).bytes).toEqual(largest);
  });
});

describe('a certificate', () => {
  const pair = keyPair(99n);
  const key = encodeG1(pair.publicKey);

  test('opens under the key that signed, with the exact bytes', () => {
    const certifiedBytes = certify(JOIN, pair, 3);
    const certified = openCertified(certifiedBytes, key);
    expect(certified).toMatchObject({ view: 3, signedBy: key, bytes: JOIN, hash: decisionHash(JOIN) });
    expect(certified.decision).toEqual(decodeDecision(JOIN));
    expect(encodeCertified(certified.bytes, certified.view, certified.signature)).toEqual(certified.raw);
  });

  test('keeps its bytes when the buffer that they came in is used again', () => {
    const received = certify(JOIN, pair);
    const { raw } = openCertified(received, key);
    received.fill(0);
    expect(raw).toEqual(certify(JOIN, pair));
  });

  test('does not open under another key', () => {
    const other = encodeG1(keyPair(100n).publicKey);
    expect(refusal(() => openCertified(certify(JOIN, pair), other)).code).toBe('WITAN_ERR_SIGNATURE');
  });

  test('has its view signed', () => {
    expect(certificateMessage(decisionHash(JOIN), 0)).not.toEqual(certificateMessage(decisionHash(JOIN), 1));
    const signature = signShare(pair.secret, certificateMessage(decisionHash(JOIN), 1));
    expect(openCertified(encodeCertified(JOIN, 1, signature), key).view).toBe(1);
    for (const view of [0, 2, 2 ** 24, 2 ** 32 - 1]) {
      const moved = encodeCertified(JOIN, view, signature);
      expect(refusal(() => openCertified(moved, key)).code).toBe('WITAN_ERR_SIGNATURE');
    }
  });

  test('is what shares of one view add up to, and shares of two views do not', () => {
    const polynomial = [99n, 5n, 7n];
    const shares = dealShares(polynomial, 4);
    const sign = (index: number, view: number) => ({
      index,
      signature: signShare(shares[index]!, certificateMessage(decisionHash(JOIN), view)),
    });
    const together = combineSignatures([sign(0, 1), sign(1, 1), sign(3, 1)]);
    expect(openCertified(encodeCertified(JOIN, 1, together), key).view).toBe(1);
    const mixed = combineSignatures([sign(0, 1), sign(1, 1), sign(3, 0)]);
    for (const view of [0, 1]) {
      const certifiedBytes = encodeCertified(JOIN, view, mixed);
      expect(refusal(() => openCertified(certifiedBytes, key)).code).toBe('WITAN_ERR_SIGNATURE');
    }
    const tooFew = combineSignatures([sign(0, 1), sign(1, 1)]);
    expect(refusal(() => openCertified(encodeCertified(JOIN, 1, tooFew), key)).code).toBe('WITAN_ERR_SIGNATURE');
  });

  test('tells a signature that is no point from one that is false', () => {
    const noPoint = encodeCertified(JOIN, 0, new Uint8Array(96));
    expect(refusal(() => openCertified(noPoint, key)).code).toMatch(/^WITAN_ERR_(MALFORMED|INVALID)$/);
    const infinity = encodeCertified(JOIN, 0, new Uint8Array(96).fill(0xc0, 0, 1));
    expect(refusal(() => openCertified(infinity, key)).code).toBe('WITAN_ERR_INVALID');
  });

  test('of arbitrary or changed bytes is refused with a code', () => {
    const good = certify(JOIN, pair);
    const changed = fc
      .tuple(fc.nat({ max: good.length - 1 }), fc.integer({ min: 1, max: 255 }))
      .map(([at, change]) => good.map((byte, index) => (index === at ? byte ^ change : byte)));
    fc.assert(
      fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 300 })), (bytes) => {
        expect(() => openCertified(bytes, key)).toThrow(WitanError);
      }),
      { numRuns: 150 },
    );
  });
});

describe('a supermajority', () => {
  test.each([
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 3],
    [5, 4],
    [6, 5],
    [7, 5],
    [10, 7],
    [128, 86],
  ])('of %i is %i', (members, expected) => {
    expect(supermajority(members)).toBe(expected);
  });

  test('shares with any other more members than may lie', () => {
    for (let members = 1; members <= MAX_PARTICIPANTS; members++) {
      const shared = 2 * supermajority(members) - members;
      expect(shared).toBeGreaterThan(tolerated(members));
      expect(supermajority(members) + tolerated(members)).toBe(members);
    }
  });
});
