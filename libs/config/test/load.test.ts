import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { isWitanError } from '@witan/errors';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from 'vitest';
import {
  type ConfigOf,
  choice,
  duration,
  flag,
  hex,
  integer,
  type LoadOptions,
  loadConfig,
  path,
  port,
  portOrOff,
  Secret,
  secret,
  text,
  urls,
} from '../src/index.ts';

const settings = {
  network: text({ help: 'net', default: 'local', pattern: /^[a-z]+$/, accepts: 'lower-case letters' }),
  natsUrl: urls({ help: 'bus', default: ['nats://127.0.0.1:4222'], protocols: ['nats', 'tls'] }),
  metricsPort: portOrOff({ help: 'metrics', default: 'off' }),
  apiPort: port({ help: 'api', default: 8080 }),
  phaseTimeoutMs: duration({ help: 'phase', default: 1000, min: 10 }),
  elders: integer({ help: 'elders', default: 7, min: 1, max: 100 }),
  verbose: flag({ help: 'verbose', default: false }),
  genesis: choice(['create', 'join'], { help: 'genesis', default: 'join' }),
  genesisKey: hex({ help: 'key', digits: 8 }),
  dataDir: path({ help: 'data', required: true }),
  sealingKey: secret({ help: 'seal', digits: 16 }),
};
const SEALING_KEY = '0123456789abcdef';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'witan-config-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const fileWith = (content: string, name = 'config.json'): string => {
  const file = join(directory, name);
  writeFileSync(file, content);
  return file;
};

const load = (env: LoadOptions['env'], options: Omit<LoadOptions, 'env'> = {}) =>
  loadConfig(settings, { env: { WITAN_DATA_DIR: '/data', ...env }, ...options });

function problemsOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    if (isWitanError(error) && error.code === 'WITAN_ERR_CONFIG') return error.data.problems as string[];
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('values', () => {
  test('defaults apply, and what has none is undefined', () => {
    const { config, warnings } = load({});
    expect(config).toEqual({
      network: 'local',
      natsUrl: ['nats://127.0.0.1:4222'],
      metricsPort: 'off',
      apiPort: 8080,
      phaseTimeoutMs: 1000,
      elders: 7,
      verbose: false,
      genesis: 'join',
      genesisKey: undefined,
      dataDir: '/data',
      sealingKey: undefined,
    });
    expect(warnings).toEqual([]);
  });

  test('types follow from the settings', () => {
    type Config = ConfigOf<typeof settings>;
    expectTypeOf<Config['network']>().toEqualTypeOf<string>();
    expectTypeOf<Config['genesis']>().toEqualTypeOf<'create' | 'join'>();
    expectTypeOf<Config['genesisKey']>().toEqualTypeOf<string | undefined>();
    expectTypeOf<Config['dataDir']>().toEqualTypeOf<string>();
    expectTypeOf<Config['metricsPort']>().toEqualTypeOf<number | 'off'>();
    expectTypeOf<Config['sealingKey']>().toEqualTypeOf<Secret | undefined>();
    expect(load({}).config.elders).toBe(7);
  });

  test('every kind is read from the environment', () => {
    const { config } = load({
      WITAN_NETWORK: 'blue',
      WITAN_NATS_URL: 'nats://a:1, tls://b:2',
      WITAN_METRICS_PORT: '0',
      WITAN_API_PORT: '80',
      WITAN_PHASE_TIMEOUT_MS: '250',
      WITAN_ELDERS: '16',
      WITAN_VERBOSE: '1',
      WITAN_GENESIS: 'create',
      WITAN_GENESIS_KEY: '00ff00ff',
      WITAN_DATA_DIR: 'relative',
      WITAN_SEALING_KEY: SEALING_KEY,
    });
    expect(config).toMatchObject({
      network: 'blue',
      natsUrl: ['nats://a:1', 'tls://b:2'],
      metricsPort: 0,
      apiPort: 80,
      phaseTimeoutMs: 250,
      elders: 16,
      verbose: true,
      genesis: 'create',
      genesisKey: '00ff00ff',
      dataDir: join(process.cwd(), 'relative'),
    });
    expect(config.sealingKey?.reveal()).toBe(SEALING_KEY);
  });

  test('the command line wins over the environment, the environment over the file, the file over the default', () => {
    const file = fileWith(JSON.stringify({ elders: 3, network: 'file', phaseTimeoutMs: 99, verbose: true }));
    const { config } = load(
      { WITAN_CONFIG: file, WITAN_ELDERS: '5', WITAN_NETWORK: 'env' },
      { argv: ['--elders', '9', '--genesis=create', '--verbose'] },
    );
    expect(config).toMatchObject({ elders: 9, network: 'env', phaseTimeoutMs: 99, apiPort: 8080, genesis: 'create' });
    expect(config.verbose).toBe(true);
  });

  test('an empty variable is an unset one', () => {
    expect(load({ WITAN_GENESIS_KEY: '', WITAN_ELDERS: '' }).config).toMatchObject({
      genesisKey: undefined,
      elders: 7,
    });
  });

  test('any whole number in range is read as itself, any other text is refused', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), (elders) => {
        expect(load({ WITAN_ELDERS: String(elders) }).config.elders).toBe(elders);
      }),
    );
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }).filter((value) => !/^\s*(-?\d+)?\s*$/.test(value)),
        (value) => {
          expect(problemsOf(() => load({ WITAN_ELDERS: value }))).toHaveLength(1);
        },
      ),
    );
  });
});

describe('secrets', () => {
  test('come by file too, without the newline at its end', () => {
    const file = fileWith(`${SEALING_KEY}\n`, 'key');
    expect(load({ WITAN_SEALING_KEY_FILE: file }).config.sealingKey?.reveal()).toBe(SEALING_KEY);
    const config = fileWith(JSON.stringify({ sealingKeyFile: file }));
    expect(load({}, { file: config }).config.sealingKey?.reveal()).toBe(SEALING_KEY);
  });

  test('are not given twice, and a missing file is named', () => {
    const both = problemsOf(() => load({ WITAN_SEALING_KEY: SEALING_KEY, WITAN_SEALING_KEY_FILE: '/x' }));
    expect(both).toEqual(['WITAN_SEALING_KEY and WITAN_SEALING_KEY_FILE are both set: give one']);
    expect(problemsOf(() => load({ WITAN_SEALING_KEY_FILE: '/does/not/exist' }))).toEqual([
      'WITAN_SEALING_KEY_FILE="/does/not/exist" (environment): the file cannot be read: ENOENT',
    ]);
  });

  test('are in no message, log or serialisation', () => {
    const wrong = `${SEALING_KEY}zz`;
    const messages = [
      problemsOf(() => load({ WITAN_SEALING_KEY: wrong })),
      problemsOf(() => load({}, { argv: ['--sealing-key', wrong] })),
      problemsOf(() => load({}, { argv: ['--sealing-kee', wrong] })),
      problemsOf(() => load({}, { argv: [wrong] })),
      problemsOf(() => load({}, { file: fileWith(`{"sealingKey": "${wrong}" oops`) })),
      problemsOf(() => load({}, { file: fileWith(JSON.stringify({ sealingKey: wrong })) })),
    ].flat();
    expect(messages.length).toBeGreaterThanOrEqual(6);
    expect(messages.join('\n')).not.toContain(SEALING_KEY);
    expect(messages[0]).toBe(
      'WITAN_SEALING_KEY (environment; 18 characters, not shown): accepts 16 lower-case hex digits',
    );
    const { config } = load({ WITAN_SEALING_KEY: SEALING_KEY });
    expect(`${config.sealingKey} ${JSON.stringify(config)} ${inspect(config, { showHidden: true })}`).not.toContain(
      SEALING_KEY,
    );
    expect(new Secret('x')).not.toHaveProperty('value');
  });

  test.each(['hunter2', 'hun/ter2', 'hun@ter2', 'hunter2//', '//hunter2'])(
    'a password in a refused URL is masked: %s',
    (password) => {
      const [message] = problemsOf(() => load({ WITAN_NATS_URL: `nats://admin:${password}@host:4222` }));
      expect(message).toContain('WITAN_NATS_URL="nats://***@host:4222"');
      expect(message).toContain('without user and password');
    },
  );
});

describe('what is refused', () => {
  test.each([
    ['WITAN_NETWORK', 'Blue!', 'lower-case letters'],
    ['WITAN_NATS_URL', 'http://host', 'nats://… or tls://…'],
    ['WITAN_NATS_URL', 'nats://', 'URLs'],
    ['WITAN_API_PORT', '65536', 'a port from 1 to 65535'],
    ['WITAN_METRICS_PORT', 'none', 'or off'],
    ['WITAN_PHASE_TIMEOUT_MS', '5', 'milliseconds, a whole number from 10'],
    ['WITAN_PHASE_TIMEOUT_MS', '1.5', 'milliseconds'],
    ['WITAN_PHASE_TIMEOUT_MS', '5s', 'milliseconds'],
    ['WITAN_ELDERS', '1e1', 'a whole number from 1 to 100'],
    ['WITAN_VERBOSE', 'yes', 'true or false'],
    ['WITAN_GENESIS', 'make', 'create or join'],
    ['WITAN_GENESIS_KEY', '00FF00FF', '8 lower-case hex digits'],
    ['WITAN_GENESIS_KEY', '00ff', '8 lower-case hex digits'],
  ])('%s=%s', (name, value, accepts) => {
    const problems = problemsOf(() => load({ [name]: value }));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`${name}=${JSON.stringify(value)} (environment): accepts `);
    expect(problems[0]).toContain(accepts);
  });

  test('all of it at once', () => {
    const problems = problemsOf(() =>
      loadConfig(settings, { env: { WITAN_ELDERS: 'x', WITAN_API_PORT: '-1' }, argv: ['--genesis', 'no', '--colour'] }),
    );
    expect(problems).toEqual([
      '--colour: no such option',
      'WITAN_API_PORT="-1" (environment): accepts a port from 1 to 65535, or 0 for any free one',
      'WITAN_ELDERS="x" (environment): accepts a whole number from 1 to 100',
      '--genesis="no" (command line): accepts create or join',
      'WITAN_DATA_DIR is not set: accepts a path',
    ]);
  });

  test('files that are missing, not JSON or not an object', () => {
    expect(problemsOf(() => load({ WITAN_CONFIG: '/does/not/exist' }))[0]).toContain('cannot be read: ENOENT');
    expect(problemsOf(() => load({ WITAN_CONFIG: fileWith('{"elders": 1,,}') }))[0]).toContain('is not JSON');
    expect(problemsOf(() => load({ WITAN_CONFIG: fileWith('[]') }))[0]).toContain('must hold one JSON object');
    expect(problemsOf(() => load({ WITAN_CONFIG: fileWith('{"elders": [7]}') }))[0]).toContain('elders=[7]');
  });

  test('options without a value, and mistyped ones', () => {
    expect(problemsOf(() => load({}, { argv: ['--elders', '--verbose'] }))).toEqual(['--elders: needs a value']);
    expect(problemsOf(() => load({}, { argv: ['--elder=1'] }))).toEqual([
      '--elder: no such option; did you mean --elders?',
    ]);
  });

  test('a long value is shown in part', () => {
    const [message] = problemsOf(() => load({ WITAN_GENESIS_KEY: 'a'.repeat(100_000) }));
    expect(message!.length).toBeLessThan(300);
  });

  test("Kubernetes's service variables are recognised", () => {
    expect(problemsOf(() => load({ WITAN_METRICS_PORT: 'tcp://10.0.0.1:9090' }))[0]).toContain('enableServiceLinks');
  });
});

describe('what is warned about', () => {
  test('unknown variables, with the nearest name', () => {
    const { warnings } = load({
      WITAN_ELDRES: '7',
      WITAN_SOMETHING_ELSE: '1',
      WITAN_SEALING_KEY_FIEL: '/x',
      WITAN_EXIT_WITH_PARENT: '1',
      WITAN_GATEWAY_SERVICE_HOST: '10.0.0.1',
      WITAN_GATEWAY_PORT_8080_TCP_ADDR: '10.0.0.1',
      HOME: '/',
    });
    expect(warnings).toEqual([
      'WITAN_ELDRES: no such setting; did you mean WITAN_ELDERS?',
      'WITAN_SEALING_KEY_FIEL: no such setting; did you mean WITAN_SEALING_KEY_FILE?',
      'WITAN_SOMETHING_ELSE: no such setting',
    ]);
  });

  test('known ones are not', () => {
    expect(load({ WITAN_PARTICULAR: '1' }, { known: ['WITAN_PARTICULAR'] }).warnings).toEqual([]);
  });

  test('unknown keys of the file', () => {
    const file = fileWith('{"eldesr": 7, "__proto__": {"elders": 1}}');
    const { config, warnings } = load({}, { file });
    expect(warnings).toEqual([
      `${file}: no setting is named eldesr; did you mean elders?`,
      `${file}: no setting is named __proto__`,
    ]);
    expect(config.elders).toBe(7);
  });
});
