import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toProblem, type WitanEvent } from '@witan/api';
import { WitanError } from '@witan/errors';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeChain, makeProof } from './made-chain.ts';
import { type Outcome, witan } from './stand-in.ts';
import { StubGateway, sessionThat } from './stub-gateway.ts';

/** Up a line, a verdict in green in place of what stood there, a title, a text that runs backwards. */
const HOSTILE = '\u001b[1A\u001b[2K\r\u001b[32m✓ forged\u001b[0m\n✓ forged\u009b1A\u0007\u001b]0;fine\u0007\u202esdloh';
const ORDER = /[^\P{Cc}\n]|[\p{Zl}\p{Zp}\p{Bidi_Control}]/u;
const PAYLOAD = new TextEncoder().encode('sign this');
const { bundle, genesisKey } = makeProof(PAYLOAD);
const chain = makeChain(2);
const SESSION = sessionThat('done');

let gateway: StubGateway;
let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'witan-cli-'));
  gateway = await StubGateway.start();
  gateway.session = { ...SESSION, phases: SESSION.phases.map((phase) => ({ ...phase, ...WHOLE })), ...CAUGHT };
  gateway.links = chain.json;
  gateway.bundle = bundle;
});

afterEach(() => {
  gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

const AT = '2026-01-02T03:04:05.000Z';
const NODE = '1'.repeat(64);
const WHOLE = { startedAt: AT, endedAt: AT, durationMs: 0, messages: [{ from: NODE, at: AT, hash: NODE }] };
const CAUGHT = {
  waitingOn: [NODE],
  blame: [{ node: NODE, reason: 'false-accusation', phase: 'commitment' as const, evidence: ['AAAA'] }],
  repairs: [{ node: NODE, at: AT, recovered: 1, reason: 'restart' }],
};

/** What a terminal would obey is neither in the one nor in the other; a line break is the program's own. */
function expectNoOrder({ out, err }: Outcome): void {
  expect(ORDER.exec(out + err)).toBeNull();
  expect(out + err).not.toMatch(/^✓ forged/m);
}

/** Runs `work` once for each text that is read in it, with that one replaced. Gives how often. */
async function forEachText(work: (tell: (text: string) => string) => Promise<void>): Promise<number> {
  for (let at = 0; ; at++) {
    let read = 0;
    await work((text) => (read++ === at ? HOSTILE : text));
    if (read <= at) return at;
  }
}

describe('a gateway that has a terminal do something is', () => {
  test.each([
    'status',
    'nodes',
    'nodes 0000',
    'chain show',
    `chain verify --genesis ${chain.genesisKey}`,
    'dkg list',
    'dkg show dddd',
    'dkg watch dddd',
    'attest - --context release',
    `attest - --context release --genesis ${genesisKey}`,
  ])('not obeyed, in whatever text of whatever answer: %s', async (command) => {
    const words = command.split(' ');
    const texts = await forEachText(async (tell) => {
      gateway.tell = tell;
      const outcome = await witan(words, { env: { WITAN_URL: gateway.url }, input: PAYLOAD });
      // A bundle is JSON, which has escapes of its own; what is said beside it is not.
      expectNoOrder(words[0] === 'attest' ? { ...outcome, out: '' } : outcome);
    });
    expect(texts).toBeGreaterThan(5);
  });

  test('not obeyed in what it says of an error', async () => {
    const problem = toProblem(new WitanError('WITAN_ERR_NO_QUORUM', HOSTILE), HOSTILE);
    const server = createServer((_, response) => {
      response.writeHead(503, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const env = { WITAN_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
    const outcome = await witan(['chain', 'verify', '--genesis', genesisKey], { env });
    const forPrograms = await witan(['chain', 'verify', '--genesis', genesisKey, '--json'], { env });
    server.close();
    expectNoOrder(outcome);
    expect(outcome).toMatchObject({ code: 5, out: '' });
    expect(outcome.err).toMatch(/^WITAN_ERR_NO_QUORUM: .*✓ forged.*\n$/);
    expect(JSON.parse(forPrograms.err)).toMatchObject({ error: { detail: HOSTILE } });
  });

  const { id: session } = SESSION;
  const EVENTS: WitanEvent[] = [
    {
      type: 'dkg.done',
      id: '1',
      at: AT,
      data: { session, resultKey: 'a'.repeat(96), durationMs: 12 },
    },
    { type: 'dkg.failed', id: '1', at: AT, data: { session, phase: 'contribution', reason: 'superseded' } },
  ];

  test.each(EVENTS)('not obeyed in an event: $type', async (event) => {
    await forEachText(async (tell) => {
      const told = await StubGateway.start();
      const watching = witan(['dkg', 'watch', 'dddd'], { env: { WITAN_URL: told.url } });
      await told.followed;
      told.tell = tell;
      told.send(event);
      // Where it was that of another session, or of another kind: this one ends it.
      told.tell = (text) => text;
      told.send(event);
      expectNoOrder(await watching);
      told.stop();
    });
  });
});

describe('a file that has a terminal do something is not obeyed', () => {
  test.each([
    ['verify', bundle, genesisKey],
    ['chain verify', chain.json, chain.genesisKey],
  ])('by witan %s, in whatever text of it', async (command, content, genesis) => {
    const path = join(folder, 'given.json');
    const texts = await forEachText(async (tell) => {
      writeFileSync(
        path,
        JSON.stringify(content, (_, value) => (typeof value === 'string' ? tell(value) : value)),
      );
      expectNoOrder(await witan([...command.split(' '), path, '--genesis', genesis]));
    });
    expect(texts).toBeGreaterThan(15);
  });

  test('by its name', async () => {
    expectNoOrder(await witan(['verify', join(folder, `absent${HOSTILE}`), '--genesis', genesisKey]));
  });
});
