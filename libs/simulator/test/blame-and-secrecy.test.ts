import { sha256 } from '@witan/crypto';
import { type BlameReason, type DkgReport, forms, Phase, type Session, type State } from '@witan/dkg';
import { encode, sealEnvelope } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { NETWORK_TAG, type SimNode, type Watcher } from '../src/index.ts';
import { type Fault, onDkg, violationsOf } from './planted.ts';
import { shareVerification } from './support.ts';

shareVerification();

/** As if `node` broadcast it. */
function says(see: Watcher, node: SimNode, session: Session, payload: forms.Payload): void {
  see.sends!(node, {
    form: 'broadcast',
    from: node.name,
    about: `dkg.${session.id}`,
    bytes: sign(node, session, payload),
  });
}

function sign({ identity }: SimNode, { idBytes }: Session, payload: forms.Payload): Uint8Array {
  const follows = { type: 'close', hash: sha256(idBytes) } as const;
  const body = encode(forms.messageCodec, { session: idBytes, follows, payload });
  return sealEnvelope(identity, NETWORK_TAG, 'dkgMessage', body).raw;
}

const stateOf = (node: SimNode, session: Session): State => node.sessions!.all.get(session.id)!.state;

describe('a key that does not stay secret is noticed:', () => {
  /** Each dealer, unasked, shows the shares of so many. */
  const justifying =
    (most: number): Fault =>
    (see, world) =>
      onDkg('done', (node, session) => {
        for (const dealer of world.nodes) {
          const accusers = stateOf(node, session).session.participants.slice(0, most);
          const answers = accusers.map(({ index }) => ({ accuser: index, secret: sha256(dealer.identity.publicKey) }));
          says(see, dealer, session, { type: 'justification', answers });
        }
      });
  const opening =
    (type: 'phase' | 'done'): Fault =>
    (see) =>
      onDkg(type, (node, session) => {
        const payload = { type: 'opening', dealer: 3, value: new Uint8Array(32), blind: new Uint8Array(32) } as const;
        says(see, node, session, payload);
      });

  test.each<[string, Fault, RegExp]>([
    ['a share opened before the close', opening('phase'), /opens its share of n3, in initialisation, before the close/],
    ['a share opened of a dealer whose commitment counts', opening('done'), /of n3, whose commitment counts/],
    ['all dealers’ polynomials, open', justifying(3), /dealers 0,1,2,3 are all open/],
  ])('%s', (_what, fault, detail) => {
    const found = { invariant: 'key-stays-secret', detail: expect.stringMatching(detail) };
    expect(violationsOf(fault)).toContainEqual(expect.objectContaining(found));
  });

  test('with a share fewer shown of each, it stays so', () => {
    const found = violationsOf(justifying(2)).map(({ invariant }) => invariant);
    expect(found).not.toContain('key-stays-secret');
  });
});

describe('an honest dealer that is blamed for its silence', () => {
  /** All come to Justification, and hear the accused so long after that; undefined: never. */
  const blamed =
    (heardAfterMs: (listener: number) => number | undefined): Fault =>
    (see, world) =>
      onDkg('done', (node, session) => {
        const [accused, ...others] = world.nodes.filter((other) => other !== node);
        const from = accused!.name;
        for (const [index, listener] of [node, ...others].entries()) {
          const tell = (report: object) =>
            see.dkg!(listener, session, { at: 0, phase: 'justification', ...report } as DkgReport);
          tell({ type: 'phase', expected: 1 });
          const at = heardAfterMs(index);
          if (at !== undefined) tell({ type: 'message', at, from, id: 'ab' });
        }
        const blame = { node: from, reason: 'not-justified', phase: 'justification', evidence: [] } as const;
        see.dkg!(node, session, { type: 'blame', at: 0, ...blame });
      });
  const unblamed = (fault: Fault) =>
    violationsOf(fault).flatMap(({ invariant, detail }) => (invariant === 'honest-unblamed' ? [detail] : []));

  test.each<[string, Parameters<typeof blamed>[0]]>([
    ['though all heard it', () => 1],
    ['though all heard it in the last moment', () => 1999],
  ])('%s, is noticed', (_what, heardAfterMs) => {
    expect(unblamed(blamed(heardAfterMs))).toEqual([expect.stringMatching(/^not-justified .* though all heard it/)]);
  });

  test.each<[string, Parameters<typeof blamed>[0]]>([
    ['nobody heard', () => undefined],
    ['one did not hear', (listener) => (listener === 1 ? undefined : 1)],
    ['one heard too late', (listener) => (listener === 1 ? 2000 : 1)],
  ])('whom %s, was away', (_what, heardAfterMs) => {
    expect(unblamed(blamed(heardAfterMs))).toEqual([]);
  });
});

describe('a blame that its evidence does not prove is noticed:', () => {
  interface Known {
    readonly node: SimNode;
    readonly session: Session;
    readonly state: State;
    readonly accused: number;
    /** What a participant said in a phase. */
    raw(phase: Phase, sender?: number): Uint8Array;
  }
  type Evidence = (known: Known) => readonly Uint8Array[];

  const blaming =
    (reason: BlameReason, evidence: Evidence): Fault =>
    (see) =>
      onDkg('done', (node, session) => {
        const state = stateOf(node, session);
        const accused = [...state.messages[Phase.Finalisation]!.keys()].find((sender) => sender !== state.me)!;
        const raw = (phase: Phase, sender = accused) => state.messages[phase]!.get(sender)!.signed.raw;
        see.dkg!(node, session, {
          type: 'blame',
          at: 0,
          node: session.participants[accused]!.name,
          reason,
          phase: 'finalisation',
          evidence: evidence({ node, session, state, accused, raw }),
        });
      });

  test.each<[BlameReason, string, Evidence]>([
    ['equivocation', 'no two statements in one place', ({ raw }) => [raw(0), raw(0)]],
    ['equivocation', 'no two statements in one place', ({ raw }) => [raw(0), raw(1)]],
    ['equivocation', 'not two messages of the accused', ({ raw, state }) => [raw(0), raw(0, state.me)]],
    ['invalid-message', 'not one message of the accused', ({ raw, state }) => [raw(1, state.me)]],
    ...[0, 1, 2, 4, 5].map((phase): [BlameReason, string, Evidence] => {
      return ['invalid-message', 'the message is valid', ({ raw }) => [raw(phase as Phase)]];
    }),
    ['too-many-complaints', '0 accusers', ({ raw }) => [0, 1, 2, 3].map((sender) => raw(Phase.Complaining, sender))],
    ['not-justified', 'nothing shows that the dealer did not answer', ({ raw }) => [raw(1), raw(2)]],
    [
      'not-justified',
      'a close of another phase',
      ({ raw, state }) => [raw(1), raw(2), state.closes[Phase.Complaining]!.certificate],
    ],
    ['false-accusation', 'the accuser is another', ({ raw, state }) => [raw(1, state.me), raw(2)]],
    ['false-commitment', 'a message is missing', ({ raw }) => [raw(4)]],
    ['false-commitment', 'a message is missing', ({ raw, state }) => [raw(1, state.me), raw(4)]],
    ['false-commitment', 'the commitment is to what was dealt', ({ raw }) => [raw(1), raw(4)]],
    ['bad-signature-share', 'the signature share is right', ({ raw }) => [raw(5)]],
  ])('%s: %s', (reason, flaw, evidence) => {
    const found = { invariant: 'blame-proves', detail: expect.stringContaining(`: ${flaw}`) };
    expect(violationsOf(blaming(reason, evidence))).toContainEqual(expect.objectContaining(found));
  });
});
