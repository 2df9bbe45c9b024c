import { WitanError } from '@witan/errors';
import { describe, expect, test } from 'vitest';
import { createLogger, type LoggerOptions, silentLogger } from '../src/index.ts';

function recorded(options: Partial<LoggerOptions> = {}) {
  const written: string[] = [];
  const log = createLogger({ service: 'elder', write: (line) => written.push(line), ...options });
  const lines = () => written.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { log, written, lines };
}

const SECRET = 'c0ffee'.repeat(8);

describe('JSON lines', () => {
  test('carry time, level, service and fields; a child carries its own too', () => {
    const { log, lines } = recorded();
    const session = log.child({ session: 'ab' });
    session.warn({ phase: 'contribution' }, 'stalled');
    log.info('hello');
    expect(lines()).toEqual([
      {
        level: 'warn',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        service: 'elder',
        pid: process.pid,
        session: 'ab',
        phase: 'contribution',
        msg: 'stalled',
      },
      expect.objectContaining({ level: 'info', msg: 'hello' }),
    ]);
  });

  test('bind adds what becomes known later', () => {
    const { log, lines } = recorded();
    log.info('before');
    log.bind({ node: 'aa' });
    log.info('after');
    log.child({ session: 'bb' }).info('child');
    expect(lines().map(({ node, session }) => [node, session])).toEqual([
      [undefined, undefined],
      ['aa', undefined],
      ['aa', 'bb'],
    ]);
  });

  test('below the level nothing is written', () => {
    const { log, written } = recorded({ level: 'warn' });
    log.info('no');
    log.error('yes');
    expect(written).toHaveLength(1);
    expect([log.isEnabled('info'), log.isEnabled('error')]).toEqual([false, true]);
  });

  test('the silent logger takes everything', () => {
    expect(silentLogger.child({ session: 'a' }).info('x')).toBeUndefined();
    expect(silentLogger.isEnabled('fatal')).toBe(false);
  });
});

describe('secrets', () => {
  test.each<Record<string, unknown>>([
    { seed: SECRET },
    { sealingKey: SECRET },
    { sealing_key: SECRET },
    { headers: { Authorization: SECRET, 'set-cookie': SECRET } },
    { a: { b: [{ c: { keyShare: SECRET } }] } },
    { secret: { nested: SECRET } },
    { share: BigInt(`0x${SECRET}`) },
    { state: { secretShare: BigInt(`0x${SECRET}`) } },
    { shares: new Map([[1, { value: SECRET, blind: SECRET }]]) },
    { value: SECRET },
    { blind: SECRET },
    { coins: SECRET },
    { sealingSecrets: [SECRET] },
    { dealing: { value: [BigInt(`0x${SECRET}`)] } },
    { context: new Map([['password', SECRET]]) },
    { err: new WitanError('WITAN_ERR_INTERNAL', 'x', { data: { secretKey: SECRET } }) },
    { err: new Error('x', { cause: new WitanError('WITAN_ERR_STORE', 'y', { data: { token: SECRET } }) }) },
  ])('are censored by name (case %#)', (fields) => {
    const { log, written } = recorded();
    log.info(fields, 'message');
    log.child(fields).info('message');
    expect(written).toHaveLength(2);
    for (const line of written) {
      expect(line).not.toContain(SECRET);
      expect(line).not.toContain(BigInt(`0x${SECRET}`).toString());
      expect(line).toContain('[secret]');
    }
  });

  test('big integers are never written, wherever they are', () => {
    const { log, written } = recorded();
    const big = BigInt(`0x${SECRET}`);
    log.info({ big, list: [big], map: new Map([['x', big]]), set: new Set([big]), deep: { a: { b: big } } }, 'm');
    log.info({ own: { toJSON: () => ({ big }) }, err: new WitanError('WITAN_ERR_STALE', 'x', { data: { big } }) }, 'm');
    log.child({ big }).info('m');
    expect(written).toHaveLength(3);
    for (const line of written) {
      expect(line).not.toContain(String(big));
      expect(line).not.toContain(SECRET);
      expect(line).toContain('[big integer]');
    }
  });

  test('bytes are never written, wherever they are', () => {
    const { log, written } = recorded();
    const bytes = new Uint8Array(32).fill(199);
    log.info({ key: bytes, list: [bytes], buffer: Buffer.from(bytes), deep: { a: { b: bytes } } }, 'm');
    expect(written[0]).not.toContain('199');
    expect(written[0]).not.toContain('c7c7');
    expect(written[0]).toContain('[32 bytes]');
  });

  test('numbers and flags of such a name stay: they are no secrets', () => {
    const { log, lines } = recorded();
    log.info({ seed: 42, share: true, usableShare: false }, 'm');
    expect(lines()[0]).toMatchObject({ seed: 42, share: true, usableShare: false });
  });
});

describe('odd values', () => {
  test('sets, cycles and depth do not break a line', () => {
    const { log, lines } = recorded();
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    log.info({ set: new Set([1]), cycle, when: new Date(0), nothing: undefined }, 'm');
    expect(lines()[0]).toMatchObject({ set: [1], when: '1970-01-01T00:00:00.000Z' });
  });

  test('newlines in a message or field cannot forge a line', () => {
    const { log, written } = recorded();
    log.info({ from: 'x\n{"level":"fatal"}' }, 'a\nb');
    expect(written.join('').trimEnd().split('\n')).toHaveLength(1);
  });
});

describe('errors', () => {
  test('a coded one has code, detail and data, and a stack only if it is a defect', () => {
    const { log, lines } = recorded();
    log.error({ err: new WitanError('WITAN_ERR_SIGNATURE', 'bad', { data: { from: 'aa' } }) }, 'm');
    log.error({ err: new WitanError('WITAN_ERR_INTERNAL', 'worse', { cause: new RangeError('root') }) }, 'm');
    expect(lines()[0]!.err).toEqual({ code: 'WITAN_ERR_SIGNATURE', detail: 'bad', data: { from: 'aa' } });
    expect(lines()[1]!.err).toMatchObject({
      stack: expect.stringContaining('logger.test'),
      cause: { type: 'RangeError', message: 'root', stack: expect.any(String) },
    });
  });

  test('they are readable under any name', () => {
    const { log, lines } = recorded();
    log.info({ reasons: [new WitanError('WITAN_ERR_STALE', 'old')] }, 'm');
    expect(lines()[0]!.reasons).toEqual([{ code: 'WITAN_ERR_STALE', detail: 'old' }]);
  });

  test('what is thrown need not be an error', () => {
    const { log, lines } = recorded();
    log.error({ err: 'text' }, 'm');
    expect(lines()[0]!.err).toBe('text');
  });
});

describe('pretty', () => {
  test('one line for people, long names cut, error indented', () => {
    const { log, written } = recorded({ format: 'pretty' });
    const node = 'ab'.repeat(32);
    log.bind({ node });
    log.info({ session: 'cd'.repeat(32), phase: 'contribution', note: 'two words' }, 'phase closed');
    log.error(
      { err: new WitanError('WITAN_ERR_STORE', 'EIO', { cause: new WitanError('WITAN_ERR_STALE', 'old') }) },
      'm',
    );
    expect(written[0]).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} INFO {2}elder abababab… phase closed session=cdcdcdcd… phase=contribution note="two words"\n$/,
    );
    expect(written[1]).toContain('m\n    WITAN_ERR_STORE: EIO\n    caused by WITAN_ERR_STALE: old\n');
  });

  test('colours only when asked', () => {
    const plain = recorded({ format: 'pretty' });
    const coloured = recorded({ format: 'pretty', colour: true });
    plain.log.info('m');
    coloured.log.info('m');
    expect(plain.written[0]).not.toContain('\u001b');
    expect(coloured.written[0]).toContain('\u001b[32m');
  });
});
