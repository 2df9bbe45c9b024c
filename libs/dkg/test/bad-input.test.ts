import { ORDER, scalarToBytes } from '@witan/crypto';
import { bytes, encode, fixed, networkTag, optional, sealEnvelope, struct, u8, u32 } from '@witan/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DkgReport, decodeReports, encodeReports, forms, Phase, type RejectReason } from '../src/index.ts';
import { byPhase, expectBlamed, expectRefused, machine, members, receive, said, whole } from './refusals.ts';
import { following, forge, identities, makeSession, NETWORK, Net, payloadOf, seedOf, snapshot } from './support.ts';

const { net, node } = byPhase.get(Phase.Initialisation)!;
const { session } = net;
const [stranger] = identities(1, 'stranger');

const INITIALISATION: forms.Payload = { type: 'initialisation', ephemeral: forms.sessionKeys(seedOf(1)).publicKey };

describe('bytes', () => {
  test('at random are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) =>
        expectRefused(node.state, bytes, ['malformed', 'invalid']),
      ),
      { numRuns: 30 },
    );
  });

  test('cut off anywhere are refused, and so is what has something after it', () => {
    const bytes = said(1, 'initialisation');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), (length) =>
        expectRefused(node.state, bytes.subarray(0, length), ['malformed', 'invalid']),
      ),
      { numRuns: 30 },
    );
    expectRefused(node.state, new Uint8Array([...bytes, 0]), ['malformed', 'invalid']);
  });

  test('with one bit changed are refused', () => {
    const bytes = said(1, 'initialisation');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length * 8 - 1 }), (bit) => {
        const changed = bytes.slice();
        changed[bit >> 3]! ^= 1 << (bit & 7);
        expectRefused(node.state, changed, [
          'malformed',
          'invalid',
          'unsupported',
          'signature',
          'wrong-session',
          'not-participant',
        ]);
      }),
      { numRuns: 40 },
    );
  });

  test('larger than any message may be are refused', () => {
    expectRefused(node.state, new Uint8Array(600 * 1024).fill(1), ['malformed', 'invalid']);
  });

  test('of a whole run, cut or changed, throw in no phase', () => {
    const all = whole.nodes.flatMap((each) => each.said);
    fc.assert(
      fc.property(
        fc.constantFrom(...byPhase.values()),
        fc.constantFrom(...all),
        fc.nat(),
        fc.nat(),
        (there, bytes, where, value) => {
          const changed = bytes.slice();
          changed[where % bytes.length] = value & 0xff;
          const before = snapshot(there.node.state);
          for (const bad of [changed, bytes.subarray(0, where % bytes.length)]) {
            if (Buffer.compare(bad, bytes) === 0) continue;
            expect(snapshot(receive(there.node.state, bad).state)).toBe(before);
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('a message', () => {
  test('of another network is refused', () => {
    expectRefused(
      node.state,
      forge(members[1]!, session, INITIALISATION, { network: networkTag('elsewhere') }),
      'invalid',
    );
  });

  test('for another session is refused', () => {
    expectRefused(node.state, forge(members[1]!, makeSession(members, 1), INITIALISATION), 'wrong-session');
  });

  test('of one who takes no part is refused', () => {
    expectRefused(node.state, forge(stranger!, session, INITIALISATION), 'not-participant');
  });

  test('under the name of another is refused', () => {
    const bytes = forge(stranger!, session, INITIALISATION);
    const at = Buffer.from(bytes).indexOf(stranger!.publicKey);
    const posing = bytes.slice();
    posing.set(members[1]!.publicKey, at);
    expectRefused(node.state, posing, 'signature');
  });

  test('of a kind that has no place in a session is refused', () => {
    expectRefused(node.state, sealEnvelope(members[1]!, NETWORK, 'heartbeat', new Uint8Array(64)).raw, 'invalid');
  });

  test('with a body of another form is refused', () => {
    const body = new Uint8Array(80).fill(9);
    for (const kind of ['dkgMessage', 'dkgVote', 'dkgProposal'] as const) {
      expectRefused(node.state, sealEnvelope(members[1]!, NETWORK, kind, body).raw, 'malformed');
    }
  });

  test('that came before is a duplicate, and one of a phase that is over is late', () => {
    const { state } = byPhase.get(Phase.Contribution)!.node;
    const taken = machine.step(node.state, { type: 'received', bytes: said(1, 'initialisation'), at: 1 });
    expectRefused(taken.state, said(1, 'initialisation'), 'duplicate');
    expectRefused(
      state,
      forge(members[1]!, session, { type: 'initialisation', ephemeral: new Uint8Array(32).fill(9) }),
      'late',
    );
  });

  test('of later phases is held, a few of each sender', () => {
    let { state } = node;
    const reasons: RejectReason[] = [];
    for (let i = 0; i < 40; i++) {
      const bytes = forge(members[1]!, session, { type: 'complaining', accused: [i] });
      const step = machine.step(state, { type: 'received', bytes, at: 1 });
      state = step.state;
      for (const effect of step.effects) {
        const report = effect.type === 'report' && (effect.report as DkgReport);
        if (report && report.type === 'rejected') reasons.push(report.reason);
      }
    }
    expect(state.held.size).toBe(16);
    expect(new Set(reasons)).toEqual(new Set(['overflow']));
    // One sender's flood leaves room for the others.
    expect(machine.step(state, { type: 'received', bytes: said(2, 'complaining'), at: 1 }).state.held.size).toBe(17);
  });
});

describe('a vote', () => {
  const vote = (
    author = members[1]!,
    change: Partial<{ phase: number; instance: Uint8Array; session: Uint8Array }> = {},
  ) =>
    sealEnvelope(
      author,
      NETWORK,
      'dkgVote',
      encode(forms.voteBody, {
        session: change.session ?? session.idBytes,
        phase: change.phase ?? 0,
        vote: {
          instance: change.instance ?? forms.closeInstance(session, Phase.Initialisation),
          view: 0,
          step: 'prevote',
          value: new Uint8Array(32),
          fast: false,
          extra: new Uint8Array(0),
        },
      }),
    ).raw;

  test('counts when it is a participant’s on this phase', () => {
    expect(receive(node.state, vote()).reasons).toEqual([]);
  });

  test.each<[string, Uint8Array, RejectReason]>([
    ['of a stranger', vote(stranger!), 'not-participant'],
    ['of a phase that there is none of', vote(members[1]!, { phase: 6 }), 'malformed'],
    ['of the phase that has no close', vote(members[1]!, { phase: Phase.Finalisation }), 'invalid'],
    ['on something else', vote(members[1]!, { instance: new Uint8Array(32) }), 'invalid'],
    ['of another session', vote(members[1]!, { session: new Uint8Array(32) }), 'wrong-session'],
  ])('%s is refused', (_what, bytes, reason) => expectRefused(node.state, bytes, reason));
});

describe('a proposal', () => {
  const anyProposal = struct({
    session: fixed(32),
    phase: u8,
    proposal: struct({ instance: fixed(32), view: u32, validView: optional(u32), value: bytes(511 * 1024) }),
  });
  const proposal = (value: Uint8Array, phase: Phase) => {
    const { idBytes } = session;
    const { instance } = node.state.agreement.options;
    const body = { session: idBytes, phase, proposal: { instance, view: 0, validView: undefined, value } };
    return sealEnvelope(members[1]!, NETWORK, 'dkgProposal', encode(anyProposal, body)).raw;
  };

  test('beyond what a close can have is refused, also ahead of its phase', () => {
    for (const phase of [Phase.Initialisation, Phase.Contribution]) {
      expectRefused(node.state, proposal(new Uint8Array(8 * 1024 + 1), phase), 'malformed');
    }
  });

  test('of as much as the largest close can have is looked at', () => {
    const all = Array.from({ length: 128 }, (_, index) => index);
    const included = all.map((sender) => ({ sender, id: new Uint8Array(32).fill(1) }));
    const largest = encode(forms.closeCodec, { phase: 0, included, silent: all });
    const step = machine.step(node.state, { type: 'received', bytes: proposal(largest, Phase.Initialisation), at: 1 });
    expect(JSON.stringify(step.effects)).not.toContain('rejected');
    expect(step.state.progress.learnt).toBe(node.state.progress.learnt + 1);
  });
});

describe('an announced key', () => {
  test.each([0, 1])('of low order is refused (%i)', (u) => {
    expectBlamed(node.state, 1, { type: 'initialisation', ephemeral: new Uint8Array(32).with(0, u) }, 'invalid');
  });

  test('that is no field element is refused', () => {
    expectBlamed(node.state, 1, { type: 'initialisation', ephemeral: new Uint8Array(32).fill(0xff) }, 'malformed');
  });
});

describe('a complaint', () => {
  const { state } = byPhase.get(Phase.Complaining)!.node;

  test.each<[string, readonly number[]]>([
    ['against oneself', [1]],
    ['against one who is not there', [9]],
    ['against the same dealer twice', [2, 2]],
    ['out of order', [3, 2]],
  ])('%s is refused', (_what, accused) => expectBlamed(state, 1, { type: 'complaining', accused }, 'invalid'));
});

describe('a scalar', () => {
  const { state, members: dealer } = inCommitment();
  const share = state.shares.get(dealer)!;
  const right = { value: scalarToBytes(share.value), blind: scalarToBytes(share.blind) };
  const zero = new Uint8Array(32);
  const tooLarge = [ORDER, ORDER + 1n, 2n ** 256n - 1n].map((value) =>
    Buffer.from(value.toString(16).padStart(64, '0'), 'hex'),
  );

  function inCommitment() {
    const stopped = new Net(members);
    stopped.start().pump(() => stopped.nodes[1]!.state.phase === Phase.Commitment);
    return { state: stopped.nodes[1]!.state, members: 2 };
  }

  test('that is the share opened counts', () => {
    const bytes = forge(members[1]!, session, { type: 'opening', dealer, ...right }, following(state, 'opening'));
    expect(machine.step(state, { type: 'received', bytes, at: 1 }).state.openings.get(dealer)?.size).toBe(1);
  });

  test('of 0 opens nothing', () => {
    expectBlamed(state, 1, { type: 'opening', dealer, ...right, value: zero }, 'invalid');
    expectBlamed(state, 1, { type: 'opening', dealer, ...right, blind: zero }, 'invalid');
    expectBlamed(state, 1, { type: 'opening', dealer, value: zero, blind: zero }, 'invalid');
  });

  test('at or above the order is not read', () => {
    for (const scalar of tooLarge) {
      expectBlamed(state, 1, { type: 'opening', dealer, ...right, value: scalar }, 'malformed');
      expectBlamed(state, 1, { type: 'opening', dealer, ...right, blind: scalar }, 'malformed');
    }
  });

  test('of the share plus the order is not the share', () => {
    const same = Buffer.from((share.value + ORDER).toString(16).padStart(64, '0'), 'hex');
    if (share.value + ORDER < 2n ** 256n)
      expectBlamed(state, 1, { type: 'opening', dealer, ...right, value: same }, 'malformed');
  });

  test('for a dealer that is none opens nothing', () => {
    expectBlamed(state, 1, { type: 'opening', dealer: 9, ...right }, 'invalid');
  });
});

describe('a finalisation', () => {
  const net = new Net(members, {
    link: (_from, to, bytes) => (to === 0 && payloadOf(bytes)?.type === 'finalisation' ? undefined : bytes),
  });
  net.start().pump();
  // What the others say in Finalisation came with their votes: the first participant is shown the close instead.
  const shown = { phase: 5, items: [], closes: [net.nodes[1]!.state.closes[4]!.certificate], values: [], more: false };
  const answer = { type: 'response', tag: 'ae/1', ok: true, bytes: encode(forms.answerCodec, shown), at: 1 } as const;
  const { state } = machine.step(net.nodes[0]!.state, answer);
  const { transcript } = state.outcome!;

  test.each([
    ['at infinity', new Uint8Array(96).with(0, 0xc0)],
    ['of zeros', new Uint8Array(96)],
    ['of ones', new Uint8Array(96).fill(0xff)],
    ['of another', whole.nodes[2]!.state.outcome!.signature!],
  ])('with a signature share %s does not keep the key from being confirmed, and is blamed', (_what, signature) => {
    let after = state;
    for (const bytes of [
      forge(
        members[1]!,
        net.session,
        { type: 'finalisation', transcript, signature },
        following(state, 'finalisation'),
      ),
      said(2, 'finalisation'),
      said(3, 'finalisation'),
    ]) {
      after = machine.step(after, { type: 'received', bytes, at: 1 }).state;
    }
    expect(after.outcome?.signature).toEqual(whole.nodes[0]!.state.outcome!.signature);
    expect(after.blame.map((each) => each.node)).toEqual([members[1]!.name]);
  });

  test('of another transcript does not count', () => {
    const payload = payloadOf(said(1, 'finalisation')) as forms.PayloadOf<'finalisation'>;
    let after = state;
    for (const by of [1, 2]) {
      const other = { ...payload, transcript: new Uint8Array(32).fill(by) };
      const bytes = forge(members[by]!, net.session, other, following(state, 'finalisation'));
      after = machine.step(after, { type: 'received', bytes, at: 1 }).state;
    }
    const bytes = said(3, 'finalisation');
    after = machine.step(after, { type: 'received', bytes, at: 1 }).state;
    expect(after.outcome?.signature).toBeUndefined();
  });
});

test('reports that are no JSON are malformed', () => {
  const body = encodeReports(session, '[{"type":"started"}]');
  expect(decodeReports(body)).toEqual({ session: session.id, entries: [{ type: 'started' }] });
  for (const last of [0x7b, 0xff]) {
    expect(() => decodeReports(body.with(-1, last))).toThrow(expect.objectContaining({ code: 'WITAN_ERR_MALFORMED' }));
  }
});
