import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DockerWorld } from '../chaos/drivers/docker.ts';
import { missedOf, shortRun } from '../chaos/short-run.ts';
import { whyNoDocker } from '../support/docker.ts';

const why = whyNoDocker();
if (why) console.error(`NOT RUN, chaos in containers: ${why}`);

const NAMES = ['kill-one-of-each', 'pause', 'partition-minority', 'one-way', 'lossy', 'fill-disk', 'jump-clock'];

const HALF_AN_HOUR_MS = 1_800_000;
let logs: string;
beforeAll(() => {
  logs = mkdtempSync(join(tmpdir(), 'witan-chaos-logs-'));
});
afterAll(() => rmSync(logs, { recursive: true, force: true }));

/** What all nodes have logged, a line each. */
function linesOfNodes(): string[] {
  const files = readdirSync(logs).filter((name) => name.startsWith('node-'));
  return files.flatMap((name) => readFileSync(join(logs, name), 'utf8').split('\n'));
}

test.skipIf(why)('containers lose nothing, whatever is done to them', async () => {
  const history = await shortRun(new DockerWorld(), NAMES, logs);
  expect(history.violations).toEqual([]);
  expect(history.episodes.map(({ experiment }) => experiment)).toEqual(NAMES);
  expect(missedOf(history)).toEqual([]);
  expect([...history.operations].filter(({ ok }) => ok).length).toBeGreaterThan(20);

  const lines = linesOfNodes();
  for (const state of ['{"cut":"says"}', '{"cut":"hears"}', '{"disturbed":{"lost":0.1,"lateMs":200}}', '{}']) {
    expect(lines.some((line) => line.includes(JSON.stringify(`the line to NATS is now ${state}`)))).toBe(true);
  }
  const times = lines.flatMap((line) => /"time":"([^"]+)"/.exec(line)?.[1] ?? []).map((time) => Date.parse(time));
  expect(Math.max(...times)).toBeGreaterThan(Date.now() + HALF_AN_HOUR_MS);
  expect(Math.min(...times)).toBeLessThan(Date.parse(history.startedAt) - HALF_AN_HOUR_MS);
});
