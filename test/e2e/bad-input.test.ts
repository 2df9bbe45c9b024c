import { type Bus, subjects } from '@witan/bus';
import { certificateMessage, decisionHash, encodeCertified, encodeDecision, peekCertified } from '@witan/chain';
import { scalarFromHash, sha256, signShare, toHex } from '@witan/crypto';
import { forms } from '@witan/dkg';
import { SERVICES, forms as sectionForms } from '@witan/section';
import { decode, encode, networkTag, peekEnvelope, sealEnvelope } from '@witan/wire';
import { beforeAll, describe, expect, test } from 'vitest';
import { PATIENCE_MS } from '../support/cluster.ts';
import type { ClusterNode } from '../support/cluster-node.ts';
import { eventually } from '../support/eventually.ts';
import { inTheNameOf, mutilated, Recorder, resealed, stranger } from '../support/forge.ts';
import { addTogether } from '../support/newcomers.ts';
import type { ServiceProcess } from '../support/service-process.ts';
import { silentInPhase } from '../support/session-messages.ts';
import { useCluster } from '../support/use-cluster.ts';

const OLD = 4;
const NEW = 3;
const ELDER = SERVICES.indexOf('elder');
const { cluster } = useCluster({ nodes: OLD, links: true, settings: { phaseDeadlineMs: 500, settleMs: 300 } });
const tag = networkTag(cluster.network);
const subject = subjects(cluster.network);

let bus: Bus;
let recorder: Recorder;
let newcomers: readonly ClusterNode[];
let session: string;

/** A session that waits in Contribution, for as long as the tests need it: what is sent to it could do harm. */
beforeAll(async () => {
  bus = await cluster.bus();
  recorder = new Recorder(bus, cluster.network);
  await bus.flush();
  newcomers = await addTogether(cluster, NEW, (node) => silentInPhase('contribution', tag, node.identity()));
  session = await eventually(
    'a session of all stalls',
    async () => {
      const last = await cluster.lastSession();
      return last?.participants.length === OLD + NEW && last.state === 'stalled' && last.id;
    },
    { withinMs: PATIENCE_MS },
  );
  recorder.stop();
});

/** All that bad input might change. */
async function state() {
  const [section, shown] = await Promise.all([cluster.section(), cluster.api.session({ id: session })]);
  const { key, generation, chainLength, elders, members } = section;
  const { phase, waitingOn, blame, phases } = shown;
  const received = phases.map((each) => each.received);
  return {
    section: { key, generation, chainLength, elders: elders.map(({ name }) => name), members: members.length },
    session: { state: shown.state, phase, waitingOn, blame, received },
    processes: cluster.processes.map(({ pid }) => pid),
  };
}

type Counted = Readonly<Record<string, number>>;

/** Everything that a service says it has not taken, by channel or phase, and reason. */
async function refusedBy(service: ServiceProcess): Promise<Counted> {
  const metrics = await service.metrics();
  const samples = ['witan_messages_rejected_total', 'witan_dkg_messages_total'].flatMap((name) => metrics.find(name));
  const refused = samples.filter(({ labels }) => labels.result !== 'accepted');
  return Object.fromEntries(refused.map(({ labels, value }) => [Object.values(labels).join('/'), value]));
}

const total = (counted: Counted, matching: RegExp) =>
  Object.entries(counted).reduce((sum, [what, count]) => (matching.test(what) ? sum + count : sum), 0);

/** Sends it, and expects that `witness` counts it for such a reason and that nothing else is different. */
async function expectRefused(to: string, bytes: Uint8Array, witness: ServiceProcess, reason: RegExp): Promise<void> {
  const before = await refusedBy(witness);
  bus.publish(to, bytes);
  await bus.flush();
  await eventually(
    `${witness.name} counts what it does not take`,
    async () => {
      const after = await refusedBy(witness);
      if (total(after, reason) > total(before, reason)) return true;
      throw new Error(`${JSON.stringify(before)} became ${JSON.stringify(after)}`);
    },
    { withinMs: 5000, everyMs: 20 },
  );
}

const elder = () => cluster.nodes[1]!;
const on = {
  dkg: () => subject.dkg('', session),
  decisions: () => subject.decisions(''),
  events: () => subject.events(''),
  heartbeats: () => subject.heartbeats(''),
  join: () => subject.join(''),
  reports: () => subject.topic('section.root.reports'),
};
const last = (messages: Uint8Array[]) => {
  const found = messages.at(-1);
  if (!found) throw new Error('nothing of that kind was heard');
  return found;
};
const bodyOf = (raw: Uint8Array) => peekEnvelope(raw, tag).body;
const isOfElder = (raw: Uint8Array) => decode(sectionForms.heartbeatBody, bodyOf(raw)).service === ELDER;

/** What is said on each subject, as it was heard. */
const genuine = {
  dkg: () => last(recorder.ofKind('dkgMessage', tag)),
  // A vote on what is not decided yet: others are of no interest to anybody.
  decisions: () => {
    const known = decode(sectionForms.voteBody, bodyOf(last(recorder.ofKind('sectionVote', tag))));
    const next = peekCertified(genuine.events()).decision.generation + 1;
    return sealEnvelope(stranger(), tag, 'sectionVote', encode(sectionForms.voteBody, { ...known, generation: next }))
      .raw;
  },
  events: () => last(recorder.on('.events')),
  heartbeats: () => last(recorder.ofKind('heartbeat', tag).filter(isOfElder)),
  join: () => last(recorder.ofKind('joinRequest', tag)),
  reports: () => last(recorder.ofKind('dkgReport', tag)),
};
type Channel = keyof typeof on;
const channels = Object.keys(on) as Channel[];
const witnessOf = (channel: Channel) => (channel === 'reports' ? cluster.gateway : elder().elder);

describe.for(channels)('on the subject of %s', (channel) => {
  test('bytes that are no message are counted, and change nothing', async () => {
    const before = await state();
    for (const bytes of Object.values(mutilated(genuine[channel]()))) {
      await expectRefused(on[channel](), bytes, witnessOf(channel), /./);
    }
    expect(await state()).toEqual(before);
  });

  test.skipIf(channel === 'events')('a message of another network is counted, and changes nothing', async () => {
    const before = await state();
    const foreign = resealed(genuine[channel](), tag, stranger(), networkTag('another'));
    await expectRefused(on[channel](), foreign, witnessOf(channel), /invalid/);
    expect(await state()).toEqual(before);
  });

  // Whoever asks to join is a stranger; decisions carry the signature of the section and need no author.
  test.skipIf(channel === 'join' || channel === 'events')('a stranger is counted, and changes nothing', async () => {
    const before = await state();
    const strange = resealed(genuine[channel](), tag, stranger());
    await expectRefused(on[channel](), strange, witnessOf(channel), /not-member|not-participant/);
    expect(await state()).toEqual(before);
  });

  test('what was said before changes nothing', async () => {
    const before = await state();
    const isCounted = channel === 'dkg' || channel === 'events' || channel === 'join';
    for (let i = 0; i < 3; i++) {
      if (isCounted) await expectRefused(on[channel](), genuine[channel](), witnessOf(channel), /duplicate/);
      else bus.publish(on[channel](), genuine[channel]());
    }
    await bus.flush();
    expect(await state()).toEqual(before);
  });

  test('more than NATS carries is refused by its server', async () => {
    const raw = await cluster.rawNats();
    raw.announce(on[channel](), bus.maxPayload + 1);
    await raw.closed;
    expect(raw.complaints.join()).toMatch(/maximum payload/i);
  });
});

describe('in the name of another node', () => {
  test('a contribution that its author has not made yet is counted, and changes nothing', async () => {
    const before = await state();
    const contributions = recorder.ofKind('dkgMessage', tag).filter((raw) => {
      const { session: of, payload } = decode(forms.messageCodec, bodyOf(raw));
      return payload.type === 'contribution' && toHex(of) === session;
    });
    const forged = inTheNameOf(newcomers[0]!.identity(), tag, 'dkgMessage', bodyOf(last(contributions)));
    await expectRefused(on.dkg(), forged, elder().elder, /dkg\/signature/);
    expect(await state()).toEqual(before);
  });

  test('a heartbeat is counted, and makes nobody live', async () => {
    const before = await state();
    const forged = inTheNameOf(elder().identity(), tag, 'heartbeat', bodyOf(genuine.heartbeats()));
    await expectRefused(on.heartbeats(), forged, cluster.nodes[2]!.elder, /decisions\/signature/);
    expect(await state()).toEqual(before);
  });

  test('a message of another session is counted, even when it is signed by a participant', async () => {
    const before = await state();
    const said = decode(forms.messageCodec, bodyOf(genuine.dkg()));
    const body = encode(forms.messageCodec, { ...said, session: sha256(Buffer.from('another')) });
    const { raw } = sealEnvelope(newcomers[0]!.identity(), tag, 'dkgMessage', body);
    await expectRefused(on.dkg(), raw, elder().elder, /wrong-session/);
    expect(await state()).toEqual(before);
  });
});

describe('a DkgStart', () => {
  const nextDecision = () => {
    const { decision, bytes } = peekCertified(genuine.events());
    const participants = [stranger(), stranger(), stranger(), stranger()]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ publicKey }) => publicKey);
    const generation = decision.generation + 1;
    const action = { type: 'dkg', chainLength: 2, participants, threshold: 3, attempt: 0 } as const;
    return encodeDecision({ ...decision, generation, parent: decisionHash(bytes), action });
  };

  test('that no section has signed is counted, and starts nothing', async () => {
    const before = await state();
    const decision = nextDecision();
    const secret = scalarFromHash(new Uint8Array(32), 'e2e/forger');
    const signature = signShare(secret, certificateMessage(decisionHash(decision), 0));
    await expectRefused(on.events(), encodeCertified(decision, 0, signature), elder().elder, /decisions\/signature/);
    const noPoint = new Uint8Array(96).fill(0xff);
    await expectRefused(
      on.events(),
      encodeCertified(decision, 0, noPoint),
      elder().elder,
      /decisions\/(invalid|malformed)/,
    );
    const infinity = Uint8Array.from({ length: 96 }, (_, at) => (at === 0 ? 0xc0 : 0));
    await expectRefused(
      on.events(),
      encodeCertified(decision, 0, infinity),
      elder().elder,
      /decisions\/(invalid|malformed|signature)/,
    );
    expect(await state()).toEqual(before);
  });

  test('of an earlier generation is counted, as it was and forged, and starts nothing', async () => {
    const before = await state();
    const starts = recorder.on('.events').filter((raw) => peekCertified(raw).decision.action.type === 'dkg');
    await expectRefused(on.events(), starts[0]!, elder().elder, /decisions\/duplicate/);
    const { bytes } = peekCertified(starts[0]!);
    const forged = encodeCertified(bytes, 7, new Uint8Array(96));
    await expectRefused(on.events(), forged, elder().elder, /decisions\/stale/);
    expect(await state()).toEqual(before);
  });
});

test('after all of that the session goes on when it can, and nobody is blamed', async () => {
  for (const { link } of newcomers) link.heal();
  const section = await cluster.settled();
  expect(section.elders).toHaveLength(OLD + NEW);
  expect(await cluster.api.session({ id: session })).toMatchObject({
    state: 'done',
    resultKey: section.key,
    blame: [],
  });
});
