import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type LogLine, ServiceProcess, type ServiceSpec } from '../support/service-process.ts';

const WRONG = { WITAN_NATS_URL: 'not an address', WITAN_LOG_FORMAT: 'json' };
const broken = (more: Partial<ServiceSpec> = {}) =>
  new ServiceProcess({ name: 'gateway-0', kind: 'gateway', env: WRONG, ...more });

test('a process that has ended by itself is told, also when it was killed and started again after that', async () => {
  const process = broken();
  await process.start().exited;
  expect(process.hasFallen).toBe(true);
  await process.kill();
  process.expectEnd();
  expect(process.falls).toEqual([expect.stringMatching(/^code \d+: .*WITAN_NATS_URL/s)]);
  await process.start().expectEnd().exited;
  expect(process.falls).toHaveLength(1);
});

test('of a log that is judged as it comes the end is kept, and all of it in a file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'witan-log-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'gateway-0.log');
  const heard: LogLine[] = [];
  const process = broken({ log: { tail: 1, onLine: (line) => heard.push(line), file } });
  const lives = 4;
  for (let life = 0; life < lives; life++) await process.start().expectEnd().exited;
  const written = readFileSync(file, 'utf8');
  expect(written.match(/WITAN_NATS_URL/g)!.length).toBeGreaterThanOrEqual(lives);
  expect(process.lines.length).toBeLessThan(2);
  expect(heard.length).toBeGreaterThanOrEqual(process.lines.length);
});

test('that it is ready is known of one whose log goes on so fast that nobody sees the line', async () => {
  const lines = `'{"event":"ready","version":"1"}\\n' + '{"event":"decided"}\\n'.repeat(20)`;
  const script = `process.stdout.write(${lines}); await new Promise(() => setInterval(() => {}, 1000));`;
  const env = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(script)}` };
  const process = broken({ env, log: { tail: 1, onLine: () => {} } });
  onTestFinished(async () => void (await process.kill()));
  await process.start().ready();
  expect(process.said({ event: 'ready' })).toEqual([]);
  expect(process.readyLine?.version).toBe('1');
});
