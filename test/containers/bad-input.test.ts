import { randomBytes } from 'node:crypto';
import { CODES, type WitanErrorCode } from '@witan/errors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { docker, whyNoDocker, witanImage } from '../support/docker.ts';
import { eventually } from '../support/eventually.ts';

const why = whyNoDocker();
if (why) console.error(`NOT RUN, bad input of the image: ${why}`);

const NODES = ['a', 'b'] as const;
type Node = (typeof NODES)[number];
const volumeOf = (node: Node) => `witan-bad-input-${process.pid}-${node}`;
/** What seals the data of each node. */
const KEYS: Readonly<Record<Node, string>> = { a: randomBytes(32).toString('hex'), b: randomBytes(32).toString('hex') };

const CONFINED = ['--rm', '--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges'];
const optionsOf = (env: Readonly<Record<string, string>>, node?: Node): string[] => [
  ...Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]),
  ...(node ? ['-v', `${volumeOf(node)}:/data`] : []),
];

/** Holds that the container ends by itself, says the code and why, and no stack; @returns all that it said. */
async function expectEnd(args: readonly string[], code: WitanErrorCode, ...saying: readonly string[]): Promise<string> {
  const ended = await docker('run', ...CONFINED, ...args).then(
    () => undefined,
    (error: unknown) => error as { code: number; stdout: string; stderr: string },
  );
  const text = `${ended?.stdout}${ended?.stderr}`;
  expect([ended?.code, text]).toEqual([CODES[code].exit, expect.stringContaining(`${code}: `)]);
  for (const each of saying) expect(text).toContain(each);
  expect(text).not.toMatch(/^ +at /m);
  return text;
}

/** Hashes of all that is in the volume of a node. */
const contentOf = async (node: Node): Promise<string> => {
  const script = 'find /data -type f ! -name "*.lock" | sort | xargs sha256sum';
  return docker('run', '--rm', '-v', `${volumeOf(node)}:/data`, '--entrypoint=sh', await witanImage(), '-c', script);
};

describe.skipIf(why)('the image, given what is wrong', () => {
  /** Of the volume of node a, as it was left. */
  let content: string;

  beforeAll(async () => {
    for (const node of NODES) {
      const env = optionsOf({ WITAN_SEALING_KEY: KEYS[node], WITAN_NATS_URL: 'nats://nowhere:4222' }, node);
      const id = await docker('run', '-d', '--read-only', ...env, await witanImage(), 'adult');
      const isMade = async () => (await docker('exec', id, 'sh', '-c', 'ls /data')).includes('identity.sealed');
      await eventually(`node ${node} has an identity`, isMade, { withinMs: 60_000, everyMs: 100 });
      await docker('rm', '--force', id);
    }
    content = await contentOf('a');
    expect(content).toContain('identity.sealed');
  });

  afterAll(async () => {
    await docker('volume', 'rm', '--force', ...NODES.map(volumeOf)).catch(() => {});
  });

  const settings: readonly [string, Record<string, string>, string][] = [
    ['gateway', { WITAN_NATS_URL: 'http://nats' }, 'WITAN_NATS_URL="http://nats" (environment): accepts URLs'],
    ['gateway', { WITAN_NATS_NKEY_FILE: '/run/witan/nats.nk' }, 'WITAN_NATS_NKEY_FILE'],
    ['dkg-coordinator', { WITAN_PHASE_DEADLINE_MS: 'soon' }, 'WITAN_PHASE_DEADLINE_MS="soon" (environment): accepts'],
    ['elder', { WITAN_NATS_TLS_CA_FILE: '/run/witan/ca.pem' }, '/run/witan/ca.pem cannot be read'],
  ];

  test.for(settings)('%s with %j names what is wrong, and ends', async ([service, env, saying]) => {
    await expectEnd([...optionsOf(env), await witanImage(), service], 'WITAN_ERR_CONFIG', saying);
  });

  const homes: readonly [string, Record<string, string>, WitanErrorCode, string][] = [
    [
      'without its sealing key',
      { WITAN_SEALING_KEY_FILE: '/run/witan/key' },
      'WITAN_ERR_CONFIG',
      'WITAN_SEALING_KEY_FILE',
    ],
    ['with no sealing key', { WITAN_SEALING_KEY: 'too-short-to-be-a-key' }, 'WITAN_ERR_CONFIG', 'WITAN_SEALING_KEY'],
    ['with another sealing key', { WITAN_SEALING_KEY: 'ab'.repeat(32) }, 'WITAN_ERR_SEALED', '/data/identity.sealed'],
    ['with the volume of another node', { WITAN_SEALING_KEY: KEYS.b }, 'WITAN_ERR_SEALED', '/data/identity.sealed'],
  ];

  test.for(homes)('a node %s says so, and changes nothing on the volume', async ([, env, code, saying]) => {
    for (const service of ['elder', 'adult']) {
      const said = await expectEnd([...optionsOf(env, 'a'), await witanImage(), service], code, saying);
      if (env.WITAN_SEALING_KEY) expect(said).not.toContain(env.WITAN_SEALING_KEY);
    }
    expect(await contentOf('a')).toBe(content);
  });
});
