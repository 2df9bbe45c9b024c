import type { WitanEvent } from '@witan/api';
import { sha256 } from '@witan/crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { makeProof } from './made-chain.ts';
import { witan } from './stand-in.ts';
import { StubGateway, sectionWith, sessionThat } from './stub-gateway.ts';

let gateway: StubGateway;

beforeEach(async () => {
  gateway = await StubGateway.start();
});

afterEach(() => gateway.stop());

const ask = (...args: string[]) => witan(args, { env: { WITAN_URL: gateway.url } });

describe('witan status', () => {
  test.each([
    [7, 0, '7 of 7 elders live, 5 needed: 2 to spare'],
    [5, 0, '5 of 7 elders live, 5 needed: none to spare'],
    [4, 5, '4 of 7 elders live, 5 needed: 1 too few, the section cannot sign'],
    [0, 5, '0 of 7 elders live, 5 needed: 5 too few, the section cannot sign'],
  ])('of a section with %d elders that can sign ends with %d', async (usable, code, line) => {
    gateway.section = sectionWith(usable);
    const outcome = await ask('status');
    expect(outcome).toMatchObject({ code, err: '' });
    expect(outcome.out.split('\n')).toContain(line);
    const json = await ask('status', '--json');
    expect(json.code).toBe(code);
    expect(JSON.parse(json.out).sections[0].health).toEqual({ live: usable, usable, spare: usable - 5 });
  });
});

describe('witan attest, where the gateway has something else signed', () => {
  const payload = new Uint8Array(Buffer.from('sign this'));
  const attest = (...more: string[]) =>
    witan(['attest', '-', '--context', 'release', ...more], { env: { WITAN_URL: gateway.url }, input: payload });

  test.each([
    ['another payload', makeProof(sha256(payload)), ['--context', 'release'], 'another payload'],
    ['another context', makeProof(payload), ['--context', 'rollback'], 'in another context: "release"'],
  ])('%s: gives out nothing, verified or not', async (_, { bundle, genesisKey }, context, words) => {
    gateway.bundle = bundle;
    for (const genesis of [[], ['--genesis', genesisKey]]) {
      const { code, out, err } = await attest(...context, ...genesis);
      expect({ code, out }).toEqual({ code: 3, out: '' });
      expect(err).toContain(`WITAN_ERR_SIGNATURE: the gateway had`);
      expect(err).toContain(words);
    }
  });

  test('what was asked for is given out', async () => {
    const { bundle, genesisKey } = makeProof(payload);
    gateway.bundle = bundle;
    expect(await attest('--genesis', genesisKey)).toMatchObject({ code: 0 });
  });
});

test.each([[[]], [['chain']], [['dkg']]])('%j with --json and no command says what is missing', async (words) => {
  const { code, err } = await witan([...words, '--json']);
  expect(code).toBe(2);
  const detail = 'a command is missing; --help lists them';
  expect(JSON.parse(err)).toMatchObject({ error: { code: 'WITAN_ERR_MALFORMED', detail } });
});

describe('a session of which nobody remembers when it was', () => {
  beforeEach(() => {
    gateway.session = { ...sessionThat('done'), startedAt: null, endedAt: null, durationMs: null };
  });

  test('is listed and shown without times and bars', async () => {
    expect((await ask('dkg', 'list')).out).toMatch(/^dddddddd… +8 +0 +3 of 3 +done +aaaaaaaa… +–$/m);
    expect((await ask('status')).out).toMatch(/^DKG dddddddd… done$/m);
    const { code, out } = await ask('dkg', 'show');
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      'DKG dddddddd…  done  generation 8, attempt 0, 3 participants, 3 needed',
      '  ✓ key aaaaaaaa…',
      '',
      `  ${'d'.repeat(64)}`,
      '  nobody remembers when it was and how it went, section root',
      '',
    ]);
  });

  test('is over for who watches it', async () => {
    expect(await ask('dkg', 'watch', 'dddd')).toMatchObject({ code: 0, err: '' });
  });
});

describe('witan dkg watch of one session', () => {
  const end = (state: 'done' | 'failed'): WitanEvent => {
    const { id: session, resultKey } = sessionThat(state);
    const about = { id: '1', at: '2026-01-02T03:04:05.000Z' };
    return state === 'done'
      ? { ...about, type: 'dkg.done', data: { session, resultKey: resultKey!, durationMs: 12 } }
      : { ...about, type: 'dkg.failed', data: { session, phase: 'contribution', reason: 'superseded' } };
  };

  const VERDICTS = [
    ['done', 0, 'done in 12 ms'],
    ['failed', 5, 'failed in contribution: superseded'],
  ] as const;

  test.each(VERDICTS)('that is %s at the end tells so with %d', async (state, code, words) => {
    const watching = ask('dkg', 'watch', 'dddd');
    await gateway.followed;
    gateway.session = sessionThat(state);
    gateway.send(end(state));
    const outcome = await watching;
    expect(outcome).toMatchObject({ code, err: '' });
    expect(outcome.out).toMatch(/^03:04:05\.000 {2}DKG dddddddd… /);
    expect(outcome.out).toContain(words);
  });

  test.each(VERDICTS)('that is %s already ends with %d at once', async (state, code) => {
    gateway.session = sessionThat(state);
    const { out, ...outcome } = await ask('dkg', 'watch', 'dddd');
    expect(outcome).toEqual({ code, err: '' });
    expect(out).toMatch(new RegExp(`^DKG dddddddd… {2}${state}`));
  });

  describe.each([false, true])('of which another gateway is asked, on a terminal %s,', (terminal) => {
    const OTHERS = [
      ['has not heard of the end', sessionThat('running')],
      ['does not know the session', { ...sessionThat('done'), id: 'e'.repeat(64) }],
    ] as const;
    const cases = OTHERS.flatMap(([what, other]) => VERDICTS.map((verdict) => [what, ...verdict, other] as const));

    test.each(cases)('that %s: it is %s all the same, which ends with %d', async (_, state, code, words, other) => {
      const watching = witan(['dkg', 'watch', 'dddd'], { env: { WITAN_URL: gateway.url }, terminal });
      await gateway.followed;
      gateway.session = other;
      gateway.send(end(state));
      const outcome = await watching;
      expect(outcome).toMatchObject({ code, err: '' });
      expect(outcome.out).toContain(words);
    });
  });

  test.each([false, true])('ends also when the last event was missed, on a terminal %s', async (terminal) => {
    const watching = witan(['dkg', 'watch', 'dddd'], { env: { WITAN_URL: gateway.url }, terminal });
    await gateway.followed;
    gateway.session = sessionThat('failed');
    const { code, out } = await watching;
    expect(code).toBe(5);
    if (terminal) expect(out).toContain('DKG dddddddd…  failed');
  });

  test.each([
    ['has no time for it', 'WITAN_ERR_RATE_LIMITED'],
    ['does not know it yet', 'WITAN_ERR_NOT_FOUND'],
  ] as const)('on a terminal goes on when the gateway %s once', async (_, refusal) => {
    const watching = witan(['dkg', 'watch', 'dddd'], { env: { WITAN_URL: gateway.url }, terminal: true });
    await gateway.followed;
    gateway.refusal = refusal;
    gateway.refusals = 1;
    const { id: session } = gateway.session;
    const about = { at: '2026-01-02T03:04:05.000Z', data: { session, phase: 'contribution', expected: 3 } } as const;
    gateway.send({ ...about, id: '1', type: 'dkg.phase' });
    await vi.waitUntil(() => gateway.refusals === 0, { timeout: 10_000 });
    gateway.send({ ...about, id: '2', type: 'dkg.phase' });
    gateway.session = sessionThat('done');
    gateway.send(end('done'));
    const { code, out, err } = await watching;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('DKG dddddddd…  done');
  });

  test('ends with 130 when it is interrupted before', async () => {
    const interrupt = new AbortController();
    const watching = witan(['dkg', 'watch', 'dddd'], { env: { WITAN_URL: gateway.url }, signal: interrupt.signal });
    await gateway.followed;
    interrupt.abort('SIGINT');
    expect(await watching).toEqual({ code: 130, out: '', err: '' });
  });
});
