import { randomBytes } from 'node:crypto';
import { MAX_PAYLOAD_BYTES } from '@witan/api';
import { type Bus, subjects } from '@witan/bus';
import { attestationMessage } from '@witan/chain';
import { fromHex, sha256, verifySignature } from '@witan/crypto';
import { signAnswerCodec, signRequestCodec } from '@witan/elder';
import { forms as sectionForms } from '@witan/section';
import { decode, encode, networkTag, sealEnvelope } from '@witan/wire';
import { beforeAll, describe, expect, test } from 'vitest';
import { CHANNELS, type Overheard, sectionQuestion } from '../support/channels.ts';
import { PATIENCE_MS } from '../support/cluster.ts';
import type { ClusterNode } from '../support/cluster-node.ts';
import { eventually } from '../support/eventually.ts';
import { stranger } from '../support/forge.ts';
import { useCluster } from '../support/use-cluster.ts';

const { cluster } = useCluster({ nodes: 4, settings: { elderCount: 3, settleMs: 300 } });
const tag = networkTag(cluster.network);
const subject = subjects(cluster.network);

let bus: Bus;
let elder: ClusterNode;
let adult: ClusterNode;

beforeAll(async () => {
  bus = await cluster.bus();
  elder = (await cluster.elders())[1]!;
  adult = (await cluster.adults())[0]!;
});

const to = (verb: string) => subject.node(elder.name, 'elder', verb);
const attest = () => cluster.api.attest({ body: { payload: 'aGVsbG8' } }, { timeoutMs: 20_000 });

describe('requests to sign', () => {
  const ask = async (node: ClusterNode, signedAt: number) => {
    const claim = { payloadHash: sha256(Buffer.from('payload')), context: 'e2e', signedAt };
    const at = subject.node(node.name, 'elder', 'sign');
    const bytes = await bus.request(at, encode(signRequestCodec, claim), { timeoutMs: 5000 });
    return { claim, answer: decode(signAnswerCodec, bytes) };
  };

  test('give a share that verifies under the public key share of that elder', async () => {
    const { claim, answer } = await ask(elder, Date.now());
    const { elders } = await cluster.section();
    const { publicKeyShare, index } = elders.find(({ name }) => name === elder.name)!;
    expect(answer).toMatchObject({ type: 'share', index });
    const { signature } = answer as Extract<typeof answer, { type: 'share' }>;
    expect(verifySignature(fromHex(publicKeyShare), attestationMessage(claim), signature)).toBe(true);
  });

  test.for([-120_000, 120_000])('with a time that is %i ms off are refused, counted and said', async (offsetMs) => {
    const counted = async () => {
      const metrics = await elder.elder.metrics();
      return metrics.value('witan_messages_rejected_total', { channel: 'request', reason: 'clock' }) ?? 0;
    };
    const before = await counted();
    const { answer } = await ask(elder, Date.now() + offsetMs);
    expect(answer).toMatchObject({ type: 'refused', code: 'WITAN_ERR_CLOCK' });
    expect(await counted()).toBe(before + 1);
    const said = elder.elder.lines.filter(({ event }) => event === 'sign-refused');
    expect(said).toHaveLength(1);
    expect(said[0]).toMatchObject({ level: 'warn', code: 'WITAN_ERR_CLOCK' });
  });

  test('are refused by one who is no elder', async () => {
    const { answer } = await ask(adult, Date.now());
    expect(answer).toMatchObject({ type: 'refused', code: 'WITAN_ERR_NOT_READY' });
  });
});

describe('a flood', () => {
  test('of questions by one peer is limited, and others are answered meanwhile', async () => {
    const question = sectionQuestion({ tag });
    const limited = async () => {
      const metrics = await elder.elder.metrics();
      return metrics.value('witan_anti_entropy_served_total', { kind: 'section', result: 'limited' }) ?? 0;
    };
    const before = await limited();
    const flood = Array.from({ length: 500 }, () => bus.request(to('ae.section'), question, { timeoutMs: 10_000 }));
    const other = bus.request(to('ae.section'), sectionQuestion({ tag }), { timeoutMs: 10_000 });
    const answered = decode(sectionForms.answerCodec, await other);
    expect(answered.decisions.length).toBeGreaterThan(0);
    await attest();
    const answers = (await Promise.all(flood)).map((bytes) => decode(sectionForms.answerCodec, bytes));
    const full = answers.filter(({ decisions }) => decisions.length > 0).length;
    expect(full).toBeLessThan(answers.length / 2);
    expect(await limited()).toBe(before + answers.length - full);
  });

  test('of noise on every subject stops nothing', async () => {
    const noise = randomBytes(500);
    const { generation } = await cluster.section();
    const session = (await cluster.lastSession())!.id;
    const about = { subject, session, asked: elder.name } as Overheard;
    const targets = [...Object.values(CHANNELS).map(({ to }) => to(about)), subject.dkg('', 'no-such-session')];
    for (let i = 0; i < 500; i++) for (const target of targets) bus.publish(target, noise);
    await bus.flush();
    const signs = () => attest().then(() => true);
    await eventually('the section has put the noise behind it, and signs', signs, { withinMs: PATIENCE_MS });
    expect((await cluster.section()).generation).toBe(generation);
  });

  test('of requests to join by identities that never come does not keep a node out', async () => {
    const body = encode(sectionForms.joinBody, { prefix: '' });
    const crowd = Array.from({ length: 300 }, () => sealEnvelope(stranger(), tag, 'joinRequest', body).raw);
    for (const raw of crowd) bus.publish(subject.join(''), raw);
    await bus.flush();
    const node = await cluster.addNode();
    await node.adult.ready();
    await eventually(
      'the node is a member',
      async () => (await cluster.section()).members.some(({ name }) => name === node.name),
      { withinMs: PATIENCE_MS, everyMs: 200 },
    );
    await attest();
  });
});

describe('answers that lie', () => {
  /** Whatever is asked of any elder, this is told before the elder can say anything. */
  const lie = (verb: string, answer: (request: Uint8Array) => Uint8Array) => {
    let asked = 0;
    const subscription = bus.subscribe(`witan.${cluster.network}.node.*.elder.${verb}`, ({ payload, respond }) => {
      asked++;
      respond?.(answer(payload));
    });
    return { asked: () => asked, end: () => subscription.unsubscribe() };
  };
  const empty = { generation: 1_000_000, decisions: [], ballots: [], values: [] };
  const answers: Record<string, Uint8Array> = {
    'are noise': randomBytes(400),
    'promise more for ever and bring nothing': encode(sectionForms.answerCodec, { ...empty, more: true }),
    'bring decisions that nobody made': encode(sectionForms.answerCodec, {
      ...empty,
      decisions: [randomBytes(200)],
      ballots: [randomBytes(200), sectionQuestion({ tag })],
      more: true,
    }),
  };

  test.for(Object.entries(answers))(
    'and %s: an elder that starts asks a bounded number of times, and does its work',
    async ([, answer]) => {
      const before = await cluster.section();
      const liar = lie('ae.section', () => answer);
      await elder.elder.kill();
      elder.elder.start();
      await elder.usableShareMs(before.generation, PATIENCE_MS);
      await attest();
      const lies = ['nothing', 'refused'].map((result) => ({ kind: 'section', result }));
      await eventually(
        'the answer is counted as what it is',
        async () => {
          const metrics = await elder.elder.metrics();
          return lies.some((labels) => (metrics.value('witan_anti_entropy_requests_total', labels) ?? 0) > 0);
        },
        { withinMs: 10_000 },
      );
      const { generation, key } = await cluster.section();
      expect({ generation, key }).toEqual({ generation: before.generation, key: before.key });
      expect(liar.asked()).toBeLessThan(50);
      liar.end();
    },
  );
});

describe('the REST interface', () => {
  const post = (path: string, body: string, type: string) =>
    fetch(cluster.url + path, { method: 'POST', body, headers: { 'content-type': type } });

  test.for([
    ['not JSON', '/v1/attestations', '{"payload":', 'application/json', 400, 'WITAN_ERR_MALFORMED'],
    ['of another type', '/v1/attestations', 'payload=x', 'text/plain', 415, 'WITAN_ERR_UNSUPPORTED_MEDIA'],
    ['mistyped', '/v1/attestations', '{"payload":7}', 'application/json', 400, 'WITAN_ERR_MALFORMED'],
    [
      'too large',
      '/v1/attestations',
      `{"payload":"${'A'.repeat(2 * MAX_PAYLOAD_BYTES)}"}`,
      'application/json',
      413,
      'WITAN_ERR_TOO_LARGE',
    ],
    ['an empty bundle', '/v1/verifications', '{}', 'application/json', 400, 'WITAN_ERR_MALFORMED'],
  ] as const)(
    'answers a body that is %s with the problem, and counts it',
    async ([, path, body, type, status, code]) => {
      const counted = async () => {
        const metrics = await cluster.gateway.metrics();
        return metrics.value('witan_http_request_duration_seconds_count', { route: path, status: String(status) }) ?? 0;
      };
      const [before, countedBefore] = [await cluster.section(), await counted()];
      const response = await post(path, body, type);
      const problem = (await response.json()) as { code: string; detail: string };
      expect([response.status, problem.code]).toEqual([status, code]);
      expect(problem.detail).not.toBe('');
      expect(await counted()).toBe(countedBefore + 1);
      const { key, generation, chainLength } = await cluster.section();
      expect({ key, generation, chainLength }).toEqual({
        key: before.key,
        generation: before.generation,
        chainLength: before.chainLength,
      });
      await attest();
    },
  );
});
