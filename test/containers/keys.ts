import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Section } from '@witan/api';
import { expect, test } from 'vitest';
import { docker, logsOf } from '../support/docker.ts';
import { eventually } from '../support/eventually.ts';
import { attemptFrom } from '../support/stolen-container.ts';

const BIND = fileURLToPath(new URL('../../deploy/compose/bind.sh', import.meta.url));
const patience = { withinMs: 60_000, everyMs: 200 };
const RELOAD = ['exec', '-T', 'nats', 'nats-server', '--signal', 'reload=1'];

/** What these tests need of the network of the compose file. */
export interface Composed {
  readonly env: () => Readonly<Record<string, string>>;
  readonly compose: (...args: readonly string[]) => Promise<string>;
  readonly containerOf: (service: string) => Promise<string>;
  /** Waits until all elders can sign. */
  readonly settled: () => Promise<Section>;
}

/** Users of NATS that are changed under a network that runs. */
export function keyTests({ env, compose, containerOf, settled }: Composed): void {
  const seedOf = (container: string) => docker('exec', container, 'cat', '/run/witan/nats.nk');

  test('a key that is replaced opens nothing any more, and its service goes on with the new one', async () => {
    const { key } = await settled();
    const elder = await containerOf('node-3-elder');
    const seed = await seedOf(elder);
    expect(await attemptFrom(elder, { seed })).toEqual({ forbidden: [] });
    await compose('run', '--rm', '-T', 'secrets', '--renew', 'node-3-elder');
    await compose(...RELOAD);
    await compose('restart', 'node-3-elder');
    expect((await settled()).key).toBe(key);
    expect(await seedOf(elder)).not.toBe(seed);
    expect(await attemptFrom(elder, { seed })).toMatchObject({ refused: 'WITAN_ERR_FORBIDDEN' });
    expect(await attemptFrom(elder, {})).toEqual({ forbidden: [] });
  });

  test('with every node bound to its name, an elder may answer for itself alone', async () => {
    const [own, other] = await Promise.all(
      ['node-3-elder', 'node-4-elder'].map(async (service) => {
        const [, name] = /"node":"([0-9a-f]{64})"/.exec(await logsOf(await containerOf(service)))!;
        return `witan.compose.node.${name}.elder.sign`;
      }),
    );
    const attempt = async () => attemptFrom(await containerOf('node-3-elder'), { hear: [own!, other!] });
    expect(await attempt()).toEqual({ forbidden: [] });
    await promisify(execFile)(BIND, { env: { ...process.env, ...env() } });
    // The signal is on its way when the script ends.
    await eventually('something is forbidden', async () => (await attempt()).forbidden.length > 0, patience);
    expect(await attempt()).toEqual({ forbidden: [`subscribe ${other}`] });
    await settled();
  });
}
