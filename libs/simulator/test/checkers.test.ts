import { type Action, type ActionOf, peekCertified } from '@witan/chain';
import { encodeG1, G1_GENERATOR, scalarToBytes } from '@witan/crypto';
import { type DkgReport, forms, type Session } from '@witan/dkg';
import { currentShare, type SectionReport } from '@witan/section';
import { decode, encode, peekEnvelope, sealEnvelope } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { type Invariant, NETWORK_TAG, type SimNode, type SimProcess, simulate, type Watcher } from '../src/index.ts';
import { CALM, type Fault, once, onDkg, SEED, violationsOf } from './planted.ts';
import { shareVerification } from './support.ts';

shareVerification();

function violationsWith(fault?: Fault): readonly Invariant[] {
  return [...new Set(violationsOf(fault).map(({ invariant }) => invariant))];
}

/** The node as it would be if its state of the session were another. */
function withState(node: SimNode, session: Session, change: (state: never) => object): SimNode {
  const { state } = node.elder!.sessions.all.get(session.id)!;
  const all = new Map([[session.id, { session, state: { ...state, ...change(state as never) } }]]);
  return Object.create(node, { elder: { value: { sessions: { all } } } }) as SimNode;
}

const DONE: DkgReport = { type: 'done', at: 0, key: new Uint8Array(48), usableShare: true, source: 'broadcast' };

/** With faults of their own: blames and secrecy in `blame-and-secrecy.test.ts`. */
type Elsewhere = 'key-stays-secret' | 'blame-proves';

const FAULTS: Readonly<Record<Exclude<Invariant, Elsewhere>, Fault>> = {
  'said-once': (see) => ({
    sends: once((node, outgoing) => {
      if (!node || outgoing.form !== 'broadcast' || !outgoing.about.includes('.dkg.')) return false;
      const { kind, body } = peekEnvelope(outgoing.bytes, NETWORK_TAG);
      if (kind !== 'dkgMessage') return false;
      const { follows, session } = decode(forms.messageCodec, body);
      const payload = { type: 'initialisation', ephemeral: new Uint8Array(32).fill(9) } as const;
      const other = encode(forms.messageCodec, { session, follows, payload });
      see.sends!(node, { ...outgoing, bytes: sealEnvelope(node.identity, NETWORK_TAG, 'dkgMessage', other).raw });
      return true;
    }),
  }),
  'secrets-stay': (see) => ({
    sends: once((node, outgoing) => {
      const secret = node?.secrets[0];
      if (!secret) return false;
      see.sends!(node, { ...outgoing, bytes: new Uint8Array([1, 2, 3, ...secret, 4]) });
      return true;
    }),
  }),
  // The section's journal holds on to a share of the first key.
  'secrets-destroyed': () => {
    let kept: Uint8Array | undefined;
    return {
      section: once((node: SimNode, report: SectionReport) => {
        if (report.type !== 'decided' || node.index !== 0) return false;
        const stream = node.disk.inner.stream('section');
        if (report.ledger.chain.length === 1) {
          const share = Buffer.from(scalarToBytes(currentShare(node.elder!.state)!));
          kept ??= stream.read().find((record) => Buffer.from(record).includes(share));
          return false;
        }
        stream.append([kept!], true);
        return true;
      }),
    };
  },
  'honest-unblamed': (see, world) =>
    onDkg('phase', (node, session) => {
      const { name } = world.nodes.find((other) => other !== node)!;
      const blame = { node: name, reason: 'equivocation', phase: 'contribution', evidence: [] } as const;
      see.dkg!(node, session, { type: 'blame', at: 0, ...blame });
    }),
  'takes-valid': (see) =>
    onDkg('message', (node, session) => {
      const follows = { type: 'close', hash: new Uint8Array(32) } as const;
      const payload = { type: 'initialisation', ephemeral: new Uint8Array(32) } as const;
      const body = encode(forms.messageCodec, { session: session.idBytes, follows, payload });
      const signed = sealEnvelope(node.identity, NETWORK_TAG, 'dkgMessage', body);
      const other = withState(node, session, ({ variants }: { variants: ReadonlyMap<string, object> }) => ({
        variants: new Map(variants).set(signed.id, { signed }),
      }));
      see.dkg!(other, session, { type: 'message', at: 0, phase: 'initialisation', from: node.name, id: signed.id });
    }),
  'held-apply': (see, world) =>
    onDkg('phase', (node, session) => {
      const { name } = world.nodes.find((other) => other !== node)!;
      see.dkg!(node, session, { type: 'rejected', at: 0, reason: 'invalid', phase: 'contribution', heldFrom: name });
    }),
  'no-trouble': (see) => onDkg('phase', (node) => see.trouble!(node, 'crash', new Error('planted'))),
  'one-outcome': (see) =>
    onDkg('done', (node, session) => {
      const other = withState(node, session, ({ outcome }: { outcome: { qualified: readonly number[] } }) => ({
        outcome: { ...outcome, qualified: outcome.qualified.slice(1) },
      }));
      see.dkg!(other, session, DONE);
    }),
  // What a dealer that shows something else than it dealt would bring about.
  'key-is-dealt': (see) => ({
    dkg: once((node: SimNode, session: Session, report: DkgReport) => {
      if (report.type !== 'phase' || report.phase !== 'commitment') return false;
      const outcome = {
        qualified: [0],
        key: encodeG1(G1_GENERATOR),
        publicKeyShares: [],
        transcript: new Uint8Array(32),
      };
      see.dkg!(
        withState(node, session, () => ({ outcome, secretShare: undefined })),
        session,
        DONE,
      );
      return true;
    }),
  }),
  'share-is-right': (see) =>
    onDkg('done', (node, session) => {
      const other = withState(node, session, ({ secretShare }: { secretShare: bigint }) => ({
        secretShare: secretShare + 1n,
      }));
      see.dkg!(other, session, DONE);
    }),
  'no-rollback': (see) => {
    const first = new Map<SimNode, SectionReport>();
    return {
      section: once((node: SimNode, report: SectionReport) => {
        if (report.type !== 'decided') return false;
        const before = first.get(node);
        if (!before) first.set(node, report);
        if (!before) return false;
        see.section!(node, before);
        return true;
      }),
    };
  },
  'one-decision': (see) => ({
    section: once((node: SimNode, report: SectionReport) => {
      if (report.type !== 'decided' || report.ledger.generation < 2) return false;
      const { ledger } = report;
      const { generation, decisions } = ledger;
      const other = Object.create(ledger, {
        decisions: { value: decisions.with(generation, decisions[generation - 1]!) },
      }) as typeof ledger;
      see.section!(node, { ...report, ledger: other });
      return true;
    }),
  }),
  // Once there are elders: as if they had tried the session that made them again, without the last of them.
  'places-kept': (see) => ({
    section: once((node: SimNode, report: SectionReport) => {
      if (report.type !== 'decided' || report.certified.decision.action.type !== 'handover') return false;
      const { ledger, certified } = report;
      const started = ledger.decisions
        .map((raw) => peekCertified(raw).decision.action)
        .find(({ type }) => type === 'dkg');
      const { participants } = started as ActionOf<'dkg'>;
      const action: Action = {
        type: 'dkg',
        chainLength: 1,
        participants: participants.slice(1),
        threshold: 3,
        attempt: 1,
      };
      see.section!(node, { ...report, certified: { ...certified, decision: { ...certified.decision, action } } });
      return true;
    }),
  }),
  'chain-verifies': (see) => ({
    section: once((node: SimNode, report: SectionReport) => {
      if (report.type !== 'decided' || report.ledger.chain.length < 2) return false;
      const { ledger } = report;
      const [genesis, second] = ledger.chain;
      const chain = [genesis!, { ...second!, key: genesis!.key }];
      see.section!(node, { ...report, ledger: Object.create(ledger, { chain: { value: chain } }) as typeof ledger });
      return true;
    }),
  }),
  live: (_see, world) => {
    // No session ever ends.
    world.network.rule = ({ about }) => (about.includes('dkg') ? 'lose' : 'pass');
    return {};
  },
};

test('a run in which nothing is wrong violates nothing, and is the same each time', () => {
  expect(violationsWith()).toEqual([]);
  const [first, again] = [1, 2].map(() => simulate(SEED, { plan: CALM, trace: true }).transcript);
  expect(first!.length).toBeGreaterThan(100);
  expect(again).toEqual(first);
});

describe('a planted fault is found:', () => {
  test.each(Object.entries(FAULTS))('%s', (invariant, fault) => {
    expect(violationsWith(fault)).toContain(invariant);
  });
});

test('a seed that stays on a disk is found', () => {
  const keepsSeed: Fault = () =>
    onDkg('done', (node) => {
      node.disk.inner.stream('left').append([node.secrets.at(-1)!], true);
    });
  expect(violationsWith(keepsSeed)).toEqual(['secrets-destroyed']);
});

describe('a fault of the coordinator is found:', () => {
  const plan = { ...CALM, coordinator: 'honest' } as const;
  const ofCoordinator = (act: (process: SimProcess, session: Session) => void): Watcher => ({
    dkg: once((process: SimProcess, session: Session, report: DkgReport) => {
      if (process.label !== 'c0' || report.type !== 'phase') return false;
      act(process, session);
      return true;
    }),
  });

  test('without one there is none', () => expect(violationsOf(undefined, plan)).toEqual([]));

  test.each<[Invariant, Fault]>([
    [
      'held-apply',
      (see, world) =>
        ofCoordinator((process, session) => {
          const heldFrom = world.nodes[0]!.name;
          see.dkg!(process, session, { type: 'rejected', at: 0, reason: 'invalid', phase: 'contribution', heldFrom });
        }),
    ],
    [
      'no-trouble',
      () =>
        ofCoordinator(() => {
          throw new Error('planted');
        }),
    ],
    [
      'live',
      (_see, world) => {
        const isNode = (name: string) => world.nodeOf(name) !== undefined;
        world.network.rule = ({ to, about }) => (!isNode(to) && about.includes('dkg') ? 'lose' : 'pass');
        return {};
      },
    ],
  ])('%s', (invariant, fault) => {
    expect(violationsOf(fault, plan)).toContainEqual(expect.objectContaining({ invariant }));
  });
});
