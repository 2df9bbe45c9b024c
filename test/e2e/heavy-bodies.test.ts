import { once } from 'node:events';
import { connect } from 'node:net';
import { MAX_CHAIN_LINKS, MAX_PAYLOAD_BYTES, type ProofBundle, ROUTES } from '@witan/api';
import { type NatsServer, startNatsServer } from '@witan/bus';
import { NODE_ENV, NODE_FLAGS } from '@witan/config';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ServiceProcess } from '../support/service-process.ts';

const LIMIT = ROUTES.verify.bodyLimit;
const TYPE = 'content-type: application/json\r\n';

let nats: NatsServer;
let gateway: ServiceProcess;
let url: string;
let pid: number;

/** One gateway with as much memory as it has in earnest. It knows no section, so that all it does is to read what it gets. */
beforeAll(async () => {
  nats = await startNatsServer();
  const env = {
    ...NODE_ENV,
    WITAN_NETWORK: 'heavy',
    WITAN_NATS_URL: nats.url,
    WITAN_HTTP_PORT: '0',
    WITAN_METRICS_PORT: '0',
    WITAN_LOG_FORMAT: 'json',
  };
  gateway = new ServiceProcess({ name: 'gateway', kind: 'gateway', env, nodeFlags: NODE_FLAGS }).start();
  url = String((await gateway.says({ event: 'ready' }, 60_000)).url);
  pid = gateway.pid!;
});

afterAll(async () => {
  await gateway?.stop();
  await nats?.stop();
});

beforeEach(({ onTestFinished }) => {
  onTestFinished(async () => {
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    expect([gateway.pid, gateway.falls]).toEqual([pid, []]);
  });
});

const post = async (body: string) => {
  const response = await fetch(`${url}/v1/verifications`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json' },
  });
  return { status: response.status, answer: await response.text() };
};
const list = (length: number, item: (nth: number) => string) => Array.from({ length }, (_, nth) => item(nth)).join(',');
/** As much text as fits beside it, in letters of two bytes. */
const filled = (json: string) => `{"text":"${'é'.repeat((LIMIT - json.length - 40) / 2)}","json":${json}}`;

describe('a gateway outlives', () => {
  test.each<[string, number, () => string]>([
    ['a long list of nothing', 413, () => `{"chain":[${'0,'.repeat(400_000)}0]}`],
    ['lists in lists', 400, () => '['.repeat(LIMIT / 2) + ']'.repeat(LIMIT / 2)],
    ['many empty things', 413, () => `[${'{},'.repeat(LIMIT / 3 - 10)}{}]`],
    ['many names', 413, () => `{${list(700_000, (nth) => `"${nth}x":0`)}}`],
    ['many forms of objects, as many as are let in', 400, () => filled(`[${list(39_000, (nth) => `{"${nth}x":0}`)}]`)],
    ['as many names as are let in', 400, () => filled(`{${list(79_000, (nth) => `"${nth}x":0`)}}`)],
    ['a payload that is longer than any', 400, () => `{"payload":"${'A'.repeat(LIMIT - 20)}"}`],
    ['one string', 400, () => `"${'\\"'.repeat(LIMIT / 2 - 10)}"`],
  ])('%s: %i', async (_, status, body) => {
    const { answer, ...refused } = await post(body());
    expect({ ...refused, answer }).toEqual({ status, answer: expect.stringMatching(/TOO_LARGE|MALFORMED/) });
    expect(answer.length).toBeLessThan(2000);
  });

  test('the largest bundle that there is, also one that was saved with indentation', async () => {
    const key = 'ab'.repeat(48);
    const chain = Array.from({ length: MAX_CHAIN_LINKS }, (_, index) => ({
      ...{ index, key, parentKey: key, signature: key + key, prefix: 'root', generation: 2 * index },
      // Of a handover to seven elders.
      ...{ reason: 'handover', view: 10, decision: Buffer.alloc(695).toString('base64url') },
    }));
    const bundle: ProofBundle & { payload: string } = {
      ...{
        payloadHash: 'ab'.repeat(32),
        context: 'x'.repeat(256),
        signedAt: '2026-01-01T00:00:00.000Z',
        prefix: 'root',
      },
      ...{ key, signature: key + key, chain, payload: Buffer.alloc(MAX_PAYLOAD_BYTES).toString('base64url') },
    };
    for (const body of [JSON.stringify(bundle), JSON.stringify(bundle, undefined, 2)]) {
      expect(await post(body)).toEqual({ status: 503, answer: expect.stringContaining('WITAN_ERR_NOT_READY') });
    }
  });

  test('a body in chunks of a byte', async () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const head = `POST /v1/verifications HTTP/1.1\r\nhost: x\r\n${TYPE}transfer-encoding: chunked\r\n\r\n`;
    socket.write(head + '1\r\n \r\n'.repeat(1_500_000));
    socket.write('0\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(String(answer)).toContain('HTTP/1.1 400');
    socket.destroy();
  });

  test('many large bodies at once, of which those that find no room are told to wait', async () => {
    const body = filled('[]');
    const answers = await Promise.all(Array.from({ length: 24 }, () => post(body)));
    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].sort()).toEqual([400, 429]);
  });
});
