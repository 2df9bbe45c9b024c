import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProofBundle } from '@witan/chain';
import { CODES, type WitanErrorCode } from '@witan/errors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeChain, makeProof } from './made-chain.ts';
import { witan } from './stand-in.ts';

const PAYLOAD = new TextEncoder().encode('what the section signed');
const { bundle, genesisKey } = makeProof(PAYLOAD);
const chain = makeChain(3);
/** A gateway that would be asked would fail the test: nothing listens there. */
const env = { WITAN_URL: 'http://127.0.0.1:1' };

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'witan-cli-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, content: unknown): string => {
  const path = join(folder, name);
  writeFileSync(path, content instanceof Uint8Array || typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};

const expectFailure = (outcome: { code: number; out: string; err: string }, code: WitanErrorCode, detail: string) => {
  expect(outcome.err).toContain(`${code}: `);
  expect(outcome.err).toContain(detail);
  expect(outcome.err).toContain(CODES[code].help);
  expect(outcome.err.trimEnd().split('\n')).toHaveLength(1);
  expect(outcome).toMatchObject({ code: CODES[code].exit, out: '' });
};

describe('witan verify', () => {
  test('says what holds, without asking anybody', async () => {
    const { code, out, err } = await witan(
      ['verify', file('good.json', bundle), '--genesis', genesisKey, '--payload', file('payload', PAYLOAD)],
      { env },
    );
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('✓ holds');
    expect(out).toMatch(/payload {2}[0-9a-f]{64} {2}is that of .*payload/);
    expect(out).toContain('signed   2026-01-02T03:04:05.678Z  56 min ago');
    expect(out).toContain(`chain    3 links from genesis ${genesisKey}`);
  });

  test('reads the bundle from the standard input and the genesis key from the environment', async () => {
    const input = new TextEncoder().encode(JSON.stringify(bundle));
    const { code, out } = await witan(['verify', '-', '--json'], {
      env: { ...env, WITAN_GENESIS_KEY: genesisKey },
      input,
    });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ valid: true, payloadChecked: false, context: 'release', key: bundle.key });
  });

  test('says that the payload was not compared when it was not given', async () => {
    const { out } = await witan(['verify', file('good.json', bundle), '--genesis', genesisKey]);
    expect(out).toContain('not compared: give --payload');
  });

  const other = makeProof(PAYLOAD, 2, 5000n);
  const [first, second, third] = bundle.chain as [
    ProofBundle['chain'][0],
    ProofBundle['chain'][0],
    ProofBundle['chain'][0],
  ];
  const flip = (hex: string) => (hex[0] === '0' ? '1' : '0') + hex.slice(1);
  const tampered: [string, Partial<Record<keyof ProofBundle, unknown>>, WitanErrorCode, string][] = [
    [
      'another payload hash',
      { payloadHash: flip(bundle.payloadHash) },
      'WITAN_ERR_SIGNATURE',
      'not by the section key',
    ],
    ['another context', { context: 'test' }, 'WITAN_ERR_SIGNATURE', 'not by the section key'],
    ['another time', { signedAt: '2026-01-02T03:04:05.679Z' }, 'WITAN_ERR_SIGNATURE', 'not by the section key'],
    [
      'the signature of another network',
      { signature: other.bundle.signature },
      'WITAN_ERR_SIGNATURE',
      'not by the section key',
    ],
    ['a signature that is no point', { signature: 'f'.repeat(192) }, 'WITAN_ERR_SIGNATURE', 'no signature'],
    ['infinity as signature', { signature: `c0${'0'.repeat(190)}` }, 'WITAN_ERR_SIGNATURE', 'infinity'],
    ['another key', { key: first.key }, 'WITAN_ERR_UNTRUSTED_KEY', 'does not end at the signing key'],
    ['another prefix', { prefix: '0' }, 'WITAN_ERR_CHAIN', 'link 2: its key is not of the prefix'],
    [
      'the chain of another network',
      { chain: other.bundle.chain },
      'WITAN_ERR_UNTRUSTED_KEY',
      'not at the given genesis key',
    ],
    [
      'a chain without its end',
      { chain: [first, second] },
      'WITAN_ERR_UNTRUSTED_KEY',
      'does not end at the signing key',
    ],
    ['a chain without its middle', { chain: [first, third] }, 'WITAN_ERR_CHAIN', 'link 1'],
    [
      'a chain without its beginning',
      { chain: [second, third] },
      'WITAN_ERR_CHAIN',
      'link 0: does not begin with genesis',
    ],
    [
      'a link signed by another',
      { chain: [first, { ...second, signature: third.signature }, third] },
      'WITAN_ERR_CHAIN',
      'link 1',
    ],
    [
      'a link that shows another key',
      { chain: [first, { ...second, key: first.key }, third] },
      'WITAN_ERR_CHAIN',
      'link 1: key is not what was signed',
    ],
    [
      'a link that shows another generation',
      { chain: [first, { ...second, generation: 4 }, third] },
      'WITAN_ERR_CHAIN',
      'link 1: generation is not what was signed',
    ],
    ['no chain', { chain: [] }, 'WITAN_ERR_MALFORMED', 'bundle.chain'],
    ['no signature', { signature: undefined }, 'WITAN_ERR_MALFORMED', 'signature'],
    ['a time without milliseconds', { signedAt: '2026-01-02T03:04:05Z' }, 'WITAN_ERR_MALFORMED', 'bundle.signedAt'],
    [
      'a hash in capitals',
      { payloadHash: bundle.payloadHash.toUpperCase() },
      'WITAN_ERR_MALFORMED',
      'bundle.payloadHash',
    ],
  ];

  test.each(tampered)('refuses %s', async (_, change, code, detail) => {
    const path = file('tampered.json', { ...bundle, ...change });
    expectFailure(await witan(['verify', path, '--genesis', genesisKey], { env }), code, detail);
  });

  test('refuses the payload of another bundle', async () => {
    const outcome = await witan(
      ['verify', file('good.json', bundle), '--genesis', genesisKey, '--payload', file('other', 'something else')],
      { env },
    );
    expectFailure(outcome, 'WITAN_ERR_SIGNATURE', 'the bundle is about another payload');
  });

  test('refuses a bundle of another network', async () => {
    const outcome = await witan(['verify', file('good.json', bundle), '--genesis', other.genesisKey], { env });
    expectFailure(outcome, 'WITAN_ERR_UNTRUSTED_KEY', 'not at the given genesis key');
  });

  test.each([
    [['verify', 'absent.json', '--genesis', genesisKey], 'WITAN_ERR_NOT_FOUND', 'there is no file absent.json'],
    [['verify', '.', '--genesis', genesisKey], 'WITAN_ERR_STORE', '. cannot be read: EISDIR'],
    [['verify', '/dev/zero', '--genesis', genesisKey], 'WITAN_ERR_TOO_LARGE', '/dev/zero is over 67108864 bytes'],
    [['verify', 'x.json', '--genesis', 'abc'], 'WITAN_ERR_MALFORMED', '--genesis is not a key'],
    [['verify', 'x.json', '--genesis', 'A'.repeat(96)], 'WITAN_ERR_MALFORMED', '--genesis is not a key'],
    [['verify', 'x.json'], 'WITAN_ERR_INVALID', 'give --genesis KEY or set WITAN_GENESIS_KEY'],
  ] as [string[], WitanErrorCode, string][])('%j is an error that says why', async (args, code, detail) => {
    expectFailure(await witan(args, { env }), code, detail);
  });

  test('refuses what is not JSON', async () => {
    const outcome = await witan(['verify', file('noise', '{"payloadHash":'), '--genesis', genesisKey]);
    expectFailure(outcome, 'WITAN_ERR_MALFORMED', 'noise is not JSON');
  });

  test('tells programs in JSON', async () => {
    const path = file('tampered.json', { ...bundle, context: 'x' });
    const { code, err } = await witan(['verify', path, '--genesis', genesisKey, '--json']);
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'WITAN_ERR_SIGNATURE', exit: 3 } });
    expect(code).toBe(3);
  });
});

describe('witan chain verify', () => {
  const whole = { genesisKey: chain.genesisKey, links: chain.json };

  test.each([
    ['what chain show printed', whole],
    ['the links alone', chain.json],
  ])('takes %s', async (_, content) => {
    const { code, out } = await witan(['chain', 'verify', file('chain.json', content), '--genesis', chain.genesisKey], {
      env,
    });
    expect(code).toBe(0);
    expect(out).toContain('✓ holds  4 links, each signed by the key before it');
    expect(out).toContain(`to    ${chain.json.at(-1)!.key}  generation 9`);
  });

  test('names the link that fails', async () => {
    const links = chain.json.with(2, { ...chain.json[2]!, view: 1 });
    const outcome = await witan(['chain', 'verify', file('chain.json', links), '--genesis', chain.genesisKey], { env });
    expectFailure(outcome, 'WITAN_ERR_CHAIN', 'link 2: generation 6 is not signed by the section key');
  });

  test('does not believe the genesis key in the file', async () => {
    const forged = makeChain(1, 9000n);
    const path = file('chain.json', { genesisKey: forged.genesisKey, links: forged.json });
    const outcome = await witan(['chain', 'verify', path, '--genesis', chain.genesisKey], { env });
    expectFailure(outcome, 'WITAN_ERR_UNTRUSTED_KEY', 'not at the given genesis key');
  });
});

describe('witan errors', () => {
  test('lists every code', async () => {
    const { out } = await witan(['errors']);
    for (const code of Object.keys(CODES)) expect(out).toContain(code);
  });

  test.each(['WITAN_ERR_NO_QUORUM', 'no_quorum', 'no-quorum'])('explains %s', async (given) => {
    const { code, out } = await witan(['errors', given]);
    expect(code).toBe(0);
    expect(out).toContain(CODES.WITAN_ERR_NO_QUORUM.help);
    expect(out).toContain('exit code 5, HTTP status 503');
  });

  test('does not know others', async () => {
    expectFailure(
      await witan(['errors', 'bad_luck']),
      'WITAN_ERR_NOT_FOUND',
      `there is no error WITAN_ERR_${'bad_luck'.toUpperCase()}`,
    );
  });
});

describe('the command line', () => {
  test.each([[['--help']], [['dkg', 'watch', '--help']], [['verify', '--help']]])(
    '%j helps with examples',
    async (args) => {
      const { code, out } = await witan(args);
      expect(code).toBe(0);
      expect(out).toContain('Examples:\n  $ npx witan ');
    },
  );

  /** The help of a command and of all below it. */
  async function helps(...path: string[]): Promise<string[]> {
    const { out } = await witan([...path, '--help']);
    const [, commands = ''] = out.split('\nCommands:\n');
    const below = [...commands.split('\n\n')[0]!.matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name!);
    return [out, ...(await Promise.all(below.map((name) => helps(...path, name)))).flat()];
  }

  test('each example of each command can be typed as it is', async () => {
    const examples = (await helps()).flatMap((help) => [...help.matchAll(/^ {2}\$ (.*)$/gm)].map(([, line]) => line!));
    expect(examples.length).toBeGreaterThan(20);
    const reached = examples.filter((line) => /^(npx witan |source <\(npx witan )/.test(line));
    expect(reached).toEqual(examples);
  });

  test('says its version, that of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(await witan(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });

  test.each([
    [['statsu'], 'Did you mean status?'],
    [['verify'], "missing required argument 'bundle'"],
    [['dkg', 'list', '--state', 'odd'], 'Allowed choices are running, stalled, done, failed'],
    [['dkg', 'list', '--limit', '0'], 'A number from 1 to 1000'],
    [['status', '--timeout', 'soon'], 'A number of seconds from 0 to 3600'],
  ])('%j is refused with exit code 2', async (args, message) => {
    const { code, err, out } = await witan(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
    const forPrograms = await witan([...args, '--json']);
    expect(forPrograms).toMatchObject({ code: 2, out: '' });
    const { error } = JSON.parse(forPrograms.err) as { error: { code: string; detail: string; exit: number } };
    expect(error).toMatchObject({ code: 'WITAN_ERR_MALFORMED', exit: 2, detail: expect.stringContaining(message) });
  });
});
