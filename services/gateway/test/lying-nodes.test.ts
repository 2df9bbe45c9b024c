import { attestationMessage } from '@witan/chain';
import { encodeG1, Identity, keyPair, scalarFromHash, sha256, signShare, toHex } from '@witan/crypto';
import { signAnswerCodec, signRequestCodec } from '@witan/elder';
import type { WitanError } from '@witan/errors';
import { heartbeatBody } from '@witan/section';
import { bool, bytes as bytesOf, decode, encode, fixed, sealEnvelope, struct, u32 } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { type Answers, certify, gatewayBefore, genesis, key, node, secret, TAG, utf8 } from './one-node.ts';

const start = certify(1, genesis.hash, {
  type: 'dkg',
  chainLength: 1,
  participants: [node.publicKey],
  threshold: 1,
  attempt: 0,
});

/** A gateway that has heard of the section. */
function gateway(answers: Answers, answersAfterMs = 0) {
  const made = gatewayBefore(answers, answersAfterMs);
  made.hear('events', genesis.raw);
  return made;
}

const share = (signature: Uint8Array) => encode(signAnswerCodec, { type: 'share', key, index: 0, signature });

describe('an elder that is asked to sign', () => {
  const attest = async (answer: Uint8Array | undefined) => {
    const { backend, clock, rejected } = gateway(answer ? { sign: answer } : {});
    const result = backend.attest({ payload: utf8('payload'), context: '' }).catch((error: unknown) => error);
    clock.advance(3000);
    return { result: await result, rejected };
  };

  test.each<[string, Uint8Array, readonly string[]]>([
    ['nothing', new Uint8Array(0), ['replies WITAN_ERR_MALFORMED']],
    ['noise', sha256(utf8('noise')), ['replies WITAN_ERR_MALFORMED']],
    ['a share, cut off', share(new Uint8Array(96)).subarray(0, -1), ['replies WITAN_ERR_MALFORMED']],
    ['a share and more', new Uint8Array([...share(new Uint8Array(96)), 0]), ['replies WITAN_ERR_MALFORMED']],
    ['a share that is no point', share(new Uint8Array(96).fill(0xff)), ['replies WITAN_ERR_SIGNATURE']],
    ['a share at infinity', share(new Uint8Array(96).with(0, 0xc0)), ['replies WITAN_ERR_SIGNATURE']],
    ['a share of something else', share(signShare(secret, utf8('other'))), ['replies WITAN_ERR_SIGNATURE']],
  ])('and answers with %s is counted, and the client is told whom it waits for', async (_what, answer, counted) => {
    const { result, rejected } = await attest(answer);
    expect(result).toMatchObject({ code: 'WITAN_ERR_NO_QUORUM', data: { waitingOn: [node.name] } });
    expect(rejected).toEqual(counted);
  });

  test('and does not answer is not counted: nothing came', async () => {
    const { result, rejected } = await attest(undefined);
    expect(result).toMatchObject({ code: 'WITAN_ERR_NO_QUORUM' });
    expect((result as WitanError).data).toEqual({ waitingOn: [node.name] });
    expect(rejected).toEqual([]);
  });

  const refusal = (code: string) => encode(signAnswerCodec, { type: 'refused', code, detail: 'call +1 555 0100' });

  test('and refuses: the client is told who does and by which code, and nothing in the words of that elder', async () => {
    const { result, rejected } = await attest(refusal('WITAN_ERR_CLOCK'));
    const { detail, data } = result as WitanError;
    expect(data).toEqual({ waitingOn: [node.name], refusals: [{ name: node.name, code: 'WITAN_ERR_CLOCK' }] });
    expect(detail).toBe('0 of 1 signature shares came; 1 elder refuses with WITAN_ERR_CLOCK (clocks differ)');
    expect(rejected).toEqual([]);
  });

  test.each(['', 'YOU LOSE', 'witan_err_clock', 'constructor'])(
    'and refuses with the code %j, which is none, is counted, and that code goes no further',
    async (code) => {
      const { result, rejected } = await attest(refusal(code));
      const { detail, data } = result as WitanError;
      expect({ detail, data }).toEqual({ detail: '0 of 1 signature shares came', data: { waitingOn: [node.name] } });
      expect(rejected).toEqual(['replies WITAN_ERR_MALFORMED']);
    },
  );
});

describe('while the section hands over to another key', () => {
  const nextSecret = scalarFromHash(utf8('next'), 'gateway-tests');
  const nextKey = encodeG1(keyPair(nextSecret).publicKey);
  const handover = certify(2, start.hash, {
    type: 'handover',
    session: start.hash,
    key: nextKey,
    threshold: 1,
    elders: [node.publicKey],
    publicKeyShares: [nextKey],
  });
  const sign = (question: Uint8Array) => {
    const signature = signShare(nextSecret, attestationMessage(decode(signRequestCodec, question)));
    return encode(signAnswerCodec, { type: 'share', key: nextKey, index: 0, signature });
  };
  const attesting = async (
    whileItWaits: (hear: (channel: string, bytes: Uint8Array) => void) => void,
    answersAfterMs = 0,
  ) => {
    const { backend, clock, hear, asked } = gateway({ sign }, answersAfterMs);
    const askedAt = clock.now();
    let tookMs: number | undefined;
    const ended = (what: unknown) => {
      tookMs = clock.now() - askedAt;
      return what;
    };
    const result = backend.attest({ payload: utf8('payload'), context: '' }).then(ended, ended);
    for (let i = 0; tookMs === undefined; i++) {
      await new Promise(setImmediate);
      if (i === 8) whileItWaits(hear);
      clock.advance(50);
    }
    return { result: await result, tookMs, tries: asked.filter((verb) => verb === 'sign').length };
  };

  test('elders that are ahead of this gateway are asked again, until it knows that key', async () => {
    const { result, tries } = await attesting((hear) => {
      for (const { raw } of [start, handover]) hear('events', raw);
    });
    expect(result).toMatchObject({ key: toHex(nextKey) });
    expect(tries).toBeGreaterThan(1);
  });

  test('one that goes on with a key that nobody handed over to does not hold a client up for long', async () => {
    const { result, tries } = await attesting(() => {});
    expect(result).toMatchObject({ code: 'WITAN_ERR_NO_QUORUM', data: { waitingOn: [node.name] } });
    expect(tries).toBe(10);
  });

  test('nor if each try takes as long as an elder that does not answer: the client is still there', async () => {
    const { result, tookMs } = await attesting(() => {}, 2000);
    expect(result).toMatchObject({ code: 'WITAN_ERR_NO_QUORUM' });
    expect(tookMs).toBeLessThanOrEqual(5200);
  });
});

describe('a participant that is asked for what it saw', () => {
  test.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array(0)],
    ['noise', sha256(utf8('noise'))],
    ['JSON that breaks off', utf8('{"entries":[')],
    ['a number', utf8('7')],
    ['null', utf8('null')],
  ])('and answers with %s is counted, and the session is shown as it was decided', (_what, answer) => {
    const { backend, hear, rejected } = gateway({ 'dkg.history': answer });
    hear('events', start.raw);
    expect(rejected).toEqual(['replies WITAN_ERR_MALFORMED']);
    expect(backend.sessions()).toMatchObject([{ state: 'running', repairs: [], blame: [] }]);
  });

  /** The form of a page, with anything in the place of its JSON. */
  const page = struct({ session: fixed(32), after: u32, next: u32, more: bool, entries: bytesOf(1024) });
  const signed = (json: string, by: Identity = node, about: { session?: Uint8Array; after?: number } = {}) => {
    const content = { session: start.hash, after: 0, next: 1, more: true, entries: utf8(json), ...about };
    return sealEnvelope(by, TAG, 'dkgHistory', encode(page, content)).raw;
  };
  const asksOf = (asked: readonly string[]) => asked.filter((verb) => verb === 'dkg.history').length;

  test('and answers with entries that are none, and always promises more, is not asked for ever', () => {
    const nonsense = JSON.stringify([{ type: 'blame' }, 7, null, {}]);
    const { backend, hear, rejected, asked } = gateway({ 'dkg.history': signed(nonsense) });
    hear('events', start.raw);
    // Its second answer is one to the first question.
    expect([asksOf(asked), rejected]).toEqual([2, ['replies WITAN_ERR_INVALID']]);
    expect(backend.sessions()).toMatchObject([{ state: 'running', repairs: [], blame: [] }]);
  });

  const failed = JSON.stringify([{ wallMs: Date.UTC(2026, 0, 1), at: 0, type: 'failed', reason: 'x' }]);
  const stranger = Identity.fromSeed(sha256(utf8('stranger')));
  test.each<[string, Uint8Array, string]>([
    ['in the name of another', signed(failed, stranger), 'WITAN_ERR_INVALID'],
    ['about another session', signed(failed, node, { session: new Uint8Array(32) }), 'WITAN_ERR_INVALID'],
    ['to another question', signed(failed, node, { after: 5 }), 'WITAN_ERR_INVALID'],
    ['that was changed on the way', signed(failed).with(150, 0xff), 'WITAN_ERR_SIGNATURE'],
    ['that is not JSON', signed('{'), 'WITAN_ERR_MALFORMED'],
  ])('is not believed by an answer %s', (_what, answer, code) => {
    const { backend, hear, rejected } = gateway({ 'dkg.history': answer });
    hear('events', start.raw);
    expect(rejected).toEqual([`replies ${code}`]);
    expect(backend.sessions()).toMatchObject([{ state: 'running' }]);
  });

  let sequence = 0;
  const heartbeat = () => {
    const said = { prefix: '', service: 0, generation: undefined, key: undefined, usableShare: false };
    const body = encode(heartbeatBody, { ...said, sequence: ++sequence });
    return sealEnvelope(node, TAG, 'heartbeat', body).raw;
  };

  test('while this gateway has no connection is not asked in vain, and is asked when that is back', () => {
    const { clock, hear, asked, link } = gateway({});
    hear('heartbeats', heartbeat());
    link.isUp = false;
    hear('events', start.raw);
    clock.advance(20_000);
    expect(asksOf(asked)).toBe(1);
    link.isUp = true;
    hear('heartbeats', heartbeat());
    clock.advance(1000);
    expect(asksOf(asked)).toBeGreaterThan(1);
  });

  test('and was away is asked again when it is heard of, but not without end', () => {
    const answers: Record<string, Uint8Array> = {};
    const { backend, clock, hear, asked } = gateway(answers);
    hear('events', start.raw);
    clock.advance(20_000);
    expect(asksOf(asked)).toBe(1);
    const beat = () => hear('heartbeats', heartbeat());
    beat();
    clock.advance(1000);
    expect(asksOf(asked)).toBeGreaterThan(1);
    answers['dkg.history'] = signed(failed, node);
    clock.advance(1000);
    expect(backend.sessions()).toMatchObject([{ state: 'failed' }]);
    delete answers['dkg.history'];
    for (let i = 0; i < 20; i++) beat();
    clock.advance(3000);
    expect(asksOf(asked)).toBeLessThan(10);
  });

  test('is believed by its own: it is the only one in this session', () => {
    const { backend, hear, rejected } = gateway({ 'dkg.history': signed(failed) });
    hear('events', start.raw);
    expect(rejected).toEqual(['replies WITAN_ERR_INVALID']);
    expect(backend.sessions()).toMatchObject([{ state: 'failed' }]);
  });

  test('and reports what is not JSON is counted', () => {
    const { hear, rejected } = gateway({});
    hear('events', start.raw);
    // The form of a report, with anything in the place of its JSON.
    const form = struct({ session: fixed(32), entries: bytesOf(1024) });
    const body = encode(form, { session: start.hash, entries: utf8('{') });
    hear('reports', sealEnvelope(node, TAG, 'dkgReport', body).raw);
    expect(rejected).toEqual(['reports WITAN_ERR_MALFORMED']);
  });
});
