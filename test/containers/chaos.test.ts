import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LineState } from '../breakable/line.ts';
import { DockerWorld } from '../chaos/drivers/docker.ts';
import { NodeLogs } from '../chaos/node-logs.ts';
import { missedOf, shortRun } from '../chaos/short-run.ts';
import { whyNoDocker } from '../support/docker.ts';

const why = whyNoDocker();
if (why) console.error(`NOT RUN, chaos in containers: ${why}`);

const NAMES = ['pause', 'partition-minority', 'one-way', 'lossy', 'fill-disk', 'jump-clock', 'kill-in-contribution'];
/** What a kill says that took as long as the phase, which may happen. */
const TOO_LATE = /contribution was over/;

/** What is done to lines to NATS in these. */
const STATES: readonly LineState[] = [{ cut: 'says' }, { cut: 'hears' }, { disturbed: { lost: 0.1, lateMs: 200 } }, {}];
let logs: string;
beforeAll(() => {
  logs = mkdtempSync(join(tmpdir(), 'witan-chaos-logs-'));
});
afterAll(() => rmSync(logs, { recursive: true, force: true }));

test.skipIf(why)('containers lose nothing, whatever is done to them', async () => {
  const history = await shortRun(new DockerWorld(), NAMES, logs);
  expect(history.violations).toEqual([]);
  expect(history.episodes.map(({ experiment }) => experiment)).toEqual(NAMES);
  expect(missedOf(history).filter((each) => !TOO_LATE.test(each))).toEqual([]);
  expect([...history.operations].filter(({ ok }) => ok).length).toBeGreaterThan(20);

  const told = new NodeLogs(logs);
  expect(told.missing(STATES)).toEqual([]);
  expect(told.clocksJumped(history.startedAt)).toEqual({ ahead: true, behind: true });
});
