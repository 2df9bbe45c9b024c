import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectRefusal } from '../support/refusal.ts';
import type { ServiceKind } from '../support/service-process.ts';
import { useCluster } from '../support/use-cluster.ts';

const { cluster } = useCluster({ nodes: 1, expectsTrouble: true });

describe('a configuration that is wrong', () => {
  const home = () => ({ WITAN_DATA_DIR: join(cluster.directory, 'nobody') });
  const cases: readonly [ServiceKind, Record<string, string>, string][] = [
    ['elder', { WITAN_PHASE_DEADLINE_MS: 'soon' }, 'WITAN_PHASE_DEADLINE_MS'],
    ['elder', { WITAN_ELDER_COUNT: '0' }, 'WITAN_ELDER_COUNT'],
    ['elder', { WITAN_DATA_DIR: '' }, 'WITAN_DATA_DIR is not set'],
    ['elder', { WITAN_GENESIS: 'maybe' }, 'WITAN_GENESIS'],
    ['elder', { WITAN_GENESIS: 'create', WITAN_GENESIS_WITNESSES: '' }, 'WITAN_GENESIS_WITNESSES'],
    ['elder', { WITAN_SEALING_KEY: 'too-short-to-be-a-key' }, 'WITAN_SEALING_KEY'],
    ['adult', { WITAN_GENESIS_KEY: 'b9362cdb' }, 'WITAN_GENESIS_KEY'],
    ['adult', { WITAN_SEALING_KEY_FILE: '/no/such/file' }, 'WITAN_SEALING_KEY_FILE'],
    ['dkg-coordinator', { WITAN_NETWORK: 'No Name' }, 'WITAN_NETWORK'],
    ['dkg-coordinator', { WITAN_LOG_LEVEL: 'loud' }, 'WITAN_LOG_LEVEL'],
    ['gateway', { WITAN_HTTP_PORT: '99999' }, 'WITAN_HTTP_PORT'],
    ['gateway', { WITAN_TRUST_PROXY: 'true' }, 'WITAN_TRUST_PROXY'],
    ['gateway', { WITAN_NATS_URL: 'http://127.0.0.1' }, 'WITAN_NATS_URL'],
    ['gateway', { WITAN_CONFIG: '/no/such/file.json' }, 'WITAN_CONFIG'],
  ];

  test.for(cases)('%s with %j names the setting and ends', async ([kind, env, setting]) => {
    const service = cluster.service(kind, `a wrong ${kind}`, { ...home(), ...env }).start();
    await expectRefusal(service, 'WITAN_ERR_CONFIG', setting);
    expect(service.stderr).not.toContain('too-short-to-be-a-key');
    expect(existsSync(join(cluster.directory, 'nobody'))).toBe(false);
  });

  test('a port that another process has', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const port = String((other.address() as AddressInfo).port);
    const metrics = cluster.service('dkg-coordinator', 'a coordinator', { WITAN_METRICS_PORT: port }).start();
    await expectRefusal(metrics, 'WITAN_ERR_CONFIG', `WITAN_METRICS_PORT=${port}`);
    const api = cluster.service('gateway', 'a gateway', { WITAN_HTTP_PORT: port }).start();
    await expectRefusal(api, 'WITAN_ERR_CONFIG', `WITAN_HTTP_PORT=${port}`);
    other.close();
  });
});
