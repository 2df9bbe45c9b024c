import { expect, test } from 'vitest';
import { commonSettings, describeConfig, describeUsage, loadConfig, metricsPort, nodeSettings } from '../src/index.ts';

test('the table has a row for each setting', () => {
  const table = describeConfig({ ...commonSettings, ...nodeSettings });
  expect(table.split('\n')).toHaveLength(2 + Object.keys(commonSettings).length + Object.keys(nodeSettings).length);
  expect(table).toContain(
    '| `WITAN_STOP_TIMEOUT_MS` | `stopTimeoutMs` | milliseconds, a whole number from 100 to 600000 | `10000` |',
  );
  expect(table).toContain('| `WITAN_SEALING_KEY`, `WITAN_SEALING_KEY_FILE` | `sealingKey` |');
  expect(table).toMatch(/`WITAN_DATA_DIR` .* required/);
});

test('the usage names options and variables; a secret has no option', () => {
  const usage = describeUsage('elder', nodeSettings);
  expect(usage).toContain('--data-dir, WITAN_DATA_DIR');
  expect(usage).not.toContain('--sealing-key');
});

test('the common settings hold with their defaults, and a service can have its own metrics port', () => {
  const { config } = loadConfig({ ...commonSettings, metricsPort: metricsPort(9102) }, { env: {} });
  expect(config).toEqual({
    network: 'local',
    natsUrl: ['nats://127.0.0.1:4222'],
    natsUser: undefined,
    natsPassword: undefined,
    natsToken: undefined,
    natsNkey: undefined,
    natsTlsCaFile: undefined,
    natsTlsCertFile: undefined,
    natsTlsKeyFile: undefined,
    tlsCheckMs: 10_000,
    metricsTlsCertFile: undefined,
    metricsTlsKeyFile: undefined,
    metricsHost: '127.0.0.1',
    metricsPort: 9102,
    logLevel: 'info',
    logFormat: 'auto',
    stopTimeoutMs: 10_000,
  });
});

test.each(['local', 'a', 'prod-eu-1'])('network %s is a name', (network) => {
  expect(loadConfig(commonSettings, { env: { WITAN_NETWORK: network } }).config.network).toBe(network);
});

test.each(['a.b', 'a*', '>', 'A', '-a', 'a-', 'a'.repeat(33)])('network %s would break a subject', (network) => {
  expect(() => loadConfig(commonSettings, { env: { WITAN_NETWORK: network } })).toThrow('WITAN_NETWORK');
});
