import { randomBytes } from 'node:crypto';
import { type Bus, subjects } from '@witan/bus';
import { certificateMessage, decisionHash, encodeCertified, encodeDecision, peekCertified } from '@witan/chain';
import { scalarFromHash, sha256, signShare, toHex } from '@witan/crypto';
import { forms } from '@witan/dkg';
import { forms as sectionForms } from '@witan/section';
import { decode, encode, networkTag, peekEnvelope, sealEnvelope } from '@witan/wire';
import { beforeAll, describe, expect, test } from 'vitest';
import { CHANNELS, type Channel, lastDecision, type Overheard } from '../support/channels.ts';
import { PATIENCE_MS } from '../support/cluster.ts';
import type { ClusterNode } from '../support/cluster-node.ts';
import { eventually } from '../support/eventually.ts';
import { inTheNameOf, mutilated, ofNewerVersion, Recorder, resealed, stranger } from '../support/forge.ts';
import { addTogether } from '../support/newcomers.ts';
import { publicState } from '../support/public-state.ts';
import { expectCounted } from '../support/refusals.ts';
import type { ServiceKind, ServiceProcess } from '../support/service-process.ts';
import { silentInPhase } from '../support/session-messages.ts';
import { useCluster } from '../support/use-cluster.ts';

const OLD = 4;
const NEW = 3;
const { cluster } = useCluster({
  nodes: OLD,
  links: true,
  settings: { phaseDeadlineMs: 1500, settleMs: 300, retryAfterMs: 3_600_000 },
});
const tag = networkTag(cluster.network);
const subject = subjects(cluster.network);

let bus: Bus;
let recorder: Recorder;
let newcomers: readonly ClusterNode[];
let session: string;
let participants: readonly string[];

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
  participants = (await cluster.lastSession())!.participants.map(({ name }) => name);
  const isAsked = () => recorder.on('.elder.ae.dkg').length > 0;
  await eventually('a participant asks for what it waits for', isAsked, { withinMs: PATIENCE_MS });
  recorder.stop();
});

const state = () => publicState(cluster, session);
const overheard = (): Overheard => ({
  subject,
  tag,
  recorder,
  session,
  participants,
  asked: elder().name,
  asker: cluster.nodes[2]!.identity(),
});

async function say(to: string, ...messages: readonly Uint8Array[]): Promise<void> {
  for (const bytes of messages) bus.publish(to, bytes);
  await bus.flush();
}

/** Sends it, and expects that `witness` counts it for such a reason. */
function expectRefused(to: string, bytes: Uint8Array, witness: ServiceProcess, reason: RegExp): Promise<void> {
  return expectCounted([[witness]], reason, 1, () => say(to, bytes));
}

const elder = () => cluster.nodes[1]!;
const bodyOf = (raw: Uint8Array) => peekEnvelope(raw, tag).body;
const genuine = (channel: string) => CHANNELS[channel]!.genuine(overheard());
const addressOf = (channel: string) => CHANNELS[channel]!.to(overheard());
const DKG = 'section.root.dkg.*';
const HEARTBEATS = 'section.root.heartbeats';

/** One process of each kind that listens to a channel; of those that share a queue all, since any one gets it. */
function witnessesOf(channel: string): readonly (readonly ServiceProcess[])[] {
  const one: Record<ServiceKind, ServiceProcess> = {
    elder: elder().elder,
    adult: elder().adult,
    gateway: cluster.gateway,
    'dkg-coordinator': cluster.coordinators[0]!,
  };
  if (channel.includes('.ask.')) return [cluster.nodes.map((node) => node.elder)];
  return [...new Set(CHANNELS[channel]!.heardBy)].map((kind) => [one[kind]]);
}

/** A question is refused at once where its form shows that it is none, and not answered where its signature does. */
const REFUSED = /^WITAN_ERR_(TIMEOUT|MALFORMED|INVALID|UNSUPPORTED|WRONG_SESSION)$/;

/** Says all of it, or asks it, of a channel; expects all who listen to count each for such a reason, and no answers. */
async function expectAllRefused(channel: string, messages: readonly Uint8Array[], reason: RegExp): Promise<void> {
  const to = addressOf(channel);
  const ask = (bytes: Uint8Array) =>
    expect(bus.request(to, bytes, { timeoutMs: 300 })).rejects.toMatchObject({ code: expect.stringMatching(REFUSED) });
  const before = await state();
  await expectCounted(witnessesOf(channel), reason, messages.length, async () => {
    if (CHANNELS[channel]!.asks) await Promise.all(messages.map(ask));
    else await say(to, ...messages);
  });
  expect(await state()).toEqual(before);
}

const channels = Object.keys(CHANNELS);
const those = (holds: (channel: Channel) => boolean) => channels.filter((name) => holds(CHANNELS[name]!));

describe('on the subject', () => {
  test('there is a case for each that a service listens to, and for no other', async () => {
    const listened = (await cluster.subscriptions()).map(({ service, subject: to }) => `${service} ${to}`);
    const perProcess = (one: string) => {
      const [service] = one.split(' ');
      const running = cluster.processes.filter(({ kind }) => kind === service).length;
      return listened.filter((each) => each === one).length / running;
    };
    const cases = channels.flatMap((to) => CHANNELS[to]!.heardBy.map((service) => `${service} ${to}`));
    const counted = [...new Set(listened)].flatMap((one) => Array.from({ length: perProcess(one) }, () => one));
    expect(counted.sort()).toEqual(cases.sort());
  });

  test.for(channels)('%s bytes that are no message are counted by all who listen, and change nothing', async (name) => {
    const bytes = mutilated(genuine(name), CHANNELS[name]!.authors === 'nobody' && CHANNELS[name]!.asks);
    await expectAllRefused(name, Object.values(bytes), /malformed|invalid|unsupported|signature/);
  });

  test.for(those(({ authors }) => authors !== 'nobody'))(
    '%s a message of a newer version is counted as that by all who listen, and changes nothing',
    async (name) => {
      await expectAllRefused(name, [ofNewerVersion(genuine(name))], /unsupported/);
    },
  );

  test.for(those(({ authors }) => authors !== 'nobody'))(
    '%s a message of another network is counted by all who listen, and changes nothing',
    async (name) => {
      const foreign = resealed(genuine(name), tag, stranger(), networkTag('another'));
      await expectAllRefused(name, [foreign], /malformed|invalid/);
    },
  );

  test.for(those(({ authors }) => authors === 'members'))(
    '%s a stranger is counted by all who listen, and changes nothing',
    async (name) => {
      await expectAllRefused(name, [resealed(genuine(name), tag, stranger())], /not-member|not-participant/);
    },
  );

  test.for(those(({ again }) => again !== undefined))(
    '%s what was said before is counted by all who listen, and changes nothing',
    async (name) => {
      await expectAllRefused(name, Array(3).fill(genuine(name)), CHANNELS[name]!.again!);
    },
  );

  test.for(those(({ again, asks }) => again === undefined && !asks))(
    '%s what was said before changes nothing, and is no fault',
    async (name) => {
      const before = await state();
      const kind = peekEnvelope(genuine(name), tag).kind;
      for (let i = 0; i < 3; i++) await say(addressOf(name), ...recorder.ofKind(kind, tag));
      // Whatever comes after it on the same subject has been taken after it.
      await expectAllRefused(name, [new Uint8Array(0)], /malformed/);
      expect(await state()).toEqual(before);
    },
  );

  test.for(those(({ asks }) => asks === true))(
    '%s what is asked again is answered again, and changes nothing',
    async (name) => {
      const before = await state();
      const question = genuine(name);
      // Any may be the one that is asked, also one whose answers do not get through.
      const asked = () => bus.request(addressOf(name), question, { timeoutMs: 1000 });
      for (let i = 0; i < 3; i++) {
        const answer = await eventually('it is answered', asked, { withinMs: PATIENCE_MS });
        expect(answer.length).toBeGreaterThan(0);
      }
      expect(await state()).toEqual(before);
    },
  );

  test.for(channels)('%s more than NATS carries is refused by its server', async (name) => {
    const before = await state();
    const raw = await cluster.rawNats();
    raw.announce(addressOf(name), bus.maxPayload + 1);
    await raw.closed;
    expect(raw.complaints.join()).toMatch(/maximum payload/i);
    expect(await state()).toEqual(before);
  });

  test.for(['PING', 'INFO', 'STATS'])(
    '$SRV.%s, the protocol that all NATS services speak, nobody reads what is sent',
    async (verb) => {
      const before = await state();
      for (const bytes of [...Object.values(mutilated(genuine(HEARTBEATS))), genuine(HEARTBEATS)]) {
        const answer = await bus.request(`$SRV.${verb}`, bytes, { timeoutMs: 5000 });
        expect(JSON.parse(Buffer.from(answer).toString())).toMatchObject({ name: expect.stringMatching(/^witan-/) });
      }
      expect(await state()).toEqual(before);
    },
  );
});

describe('in the name of another node', () => {
  test('a contribution that its author has not made yet is counted, and changes nothing', async () => {
    const before = await state();
    const contributions = recorder.ofKind('dkgMessage', tag).filter((raw) => {
      const { session: of, payload } = decode(forms.messageCodec, bodyOf(raw));
      return payload.type === 'contribution' && toHex(of) === session;
    });
    const forged = inTheNameOf(newcomers[0]!.identity(), tag, 'dkgMessage', bodyOf(contributions.at(-1)!));
    await expectRefused(addressOf(DKG), forged, elder().elder, /dkg\/signature/);
    expect(await state()).toEqual(before);
  });

  test('a heartbeat is counted, and makes nobody live', async () => {
    const before = await state();
    const beat = decode(sectionForms.heartbeatBody, bodyOf(genuine(HEARTBEATS)));
    const later = encode(sectionForms.heartbeatBody, { ...beat, sequence: Date.now() + 60_000 });
    const forged = inTheNameOf(elder().identity(), tag, 'heartbeat', later);
    await expectRefused(addressOf(HEARTBEATS), forged, cluster.nodes[2]!.elder, /decisions\/signature/);
    expect(await state()).toEqual(before);
  });

  test('a message of another session is counted, even when it is signed by a participant', async () => {
    const before = await state();
    const said = decode(forms.messageCodec, bodyOf(genuine(DKG)));
    const body = encode(forms.messageCodec, { ...said, session: sha256(Buffer.from('another')) });
    const { raw } = sealEnvelope(newcomers[0]!.identity(), tag, 'dkgMessage', body);
    await expectRefused(addressOf(DKG), raw, elder().elder, /wrong-session/);
    expect(await state()).toEqual(before);
  });

  test('a message of a session that was never decided is counted when a stranger says it, and begins nothing', async () => {
    const before = await state();
    const said = decode(forms.messageCodec, bodyOf(genuine(DKG)));
    const never = sha256(Buffer.from('never decided'));
    const { raw } = sealEnvelope(
      stranger(),
      tag,
      'dkgMessage',
      encode(forms.messageCodec, { ...said, session: never }),
    );
    await expectCounted([[elder().elder], cluster.coordinators], /dkg\/not-member/, 1, () =>
      say(subject.dkg('', toHex(never)), raw),
    );
    expect(await state()).toEqual(before);
    expect((await cluster.lastSession())?.id).toBe(session);
  });
});

describe('an answer about the session', () => {
  const endless = { phase: 5, items: [], closes: [], values: [], more: true };
  const lies: readonly [string, string, () => Uint8Array][] = [
    ['is noise', 'refused', () => randomBytes(400)],
    ['promises more for ever and brings nothing', 'nothing', () => encode(forms.answerCodec, endless)],
    [
      'promises more for ever and brings what is known, and what nobody has said',
      'nothing',
      () => {
        const known = recorder.ofKind('dkgMessage', tag).slice(-50);
        return encode(forms.answerCodec, { ...endless, items: [...known, randomBytes(99)], closes: [randomBytes(99)] });
      },
    ],
  ];

  /** How many answers the elders have counted as that. */
  async function answered(result: string): Promise<number> {
    const metrics = await Promise.all(cluster.nodes.slice(0, OLD).map((node) => node.elder.metrics()));
    const counts = metrics.map((each) => each.value('witan_anti_entropy_requests_total', { kind: 'dkg', result }) ?? 0);
    return counts.reduce((sum, count) => sum + count, 0);
  }

  test.for(lies)('that %s is counted as %s, is not asked for more, and changes nothing', async ([, result, lie]) => {
    const before = await state();
    const countedBefore = { [result]: await answered(result), new: await answered('new') };
    const asked: string[] = [];
    const liar = bus.subscribe(`witan.${cluster.network}.node.*.elder.ae.dkg`, ({ subject: to, respond }) => {
      asked.push(to);
      respond?.(lie());
    });
    // What those who are silent answer themselves is lost: of them only the lie is heard.
    const isHeard = () => newcomers.some(({ name }) => asked.some((to) => to.includes(name)));
    try {
      await eventually('one of the silent is asked', isHeard, { withinMs: PATIENCE_MS });
      const isCounted = async () => (await answered(result)) > countedBefore[result]!;
      await eventually('the lie is counted', isCounted, { withinMs: PATIENCE_MS });
    } finally {
      liar.unsubscribe();
    }
    expect(await answered('new')).toBe(countedBefore.new);
    // Each elder asks now and then: an answer that begets the next question would make thousands.
    expect(asked.length).toBeLessThan(100);
    expect(await state()).toEqual(before);
  });
});

describe('a DkgStart', () => {
  const nextDecision = () => {
    const { decision, bytes } = peekCertified(lastDecision(overheard()));
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
    await expectRefused(
      subject.events(''),
      encodeCertified(decision, 0, signature),
      elder().elder,
      /decisions\/signature/,
    );
    const noPoint = new Uint8Array(96).fill(0xff);
    await expectRefused(
      subject.events(''),
      encodeCertified(decision, 0, noPoint),
      elder().elder,
      /decisions\/(invalid|malformed)/,
    );
    const infinity = Uint8Array.from({ length: 96 }, (_, at) => (at === 0 ? 0xc0 : 0));
    await expectRefused(
      subject.events(''),
      encodeCertified(decision, 0, infinity),
      elder().elder,
      /decisions\/(invalid|malformed|signature)/,
    );
    expect(await state()).toEqual(before);
  });

  test('of an earlier generation is counted, as it was and forged, and starts nothing', async () => {
    const before = await state();
    const starts = recorder.on('.events').filter((raw) => peekCertified(raw).decision.action.type === 'dkg');
    await expectRefused(subject.events(''), starts[0]!, elder().elder, /decisions\/duplicate/);
    const { bytes } = peekCertified(starts[0]!);
    const forged = encodeCertified(bytes, 7, new Uint8Array(96));
    await expectRefused(subject.events(''), forged, elder().elder, /decisions\/stale/);
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
