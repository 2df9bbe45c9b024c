import { expect, test } from 'vitest';
import { DockerWorld } from '../chaos/drivers/docker.ts';
import { missedOf, shortRun } from '../chaos/short-run.ts';
import { whyNoDocker } from '../support/docker.ts';

const why = whyNoDocker();
if (why) console.error(`NOT RUN, chaos in containers: ${why}`);

const NAMES = ['kill-one-of-each', 'pause', 'partition-minority'];

test.skipIf(why)('containers that are killed, stand still and are unplugged lose nothing', async () => {
  const history = await shortRun(new DockerWorld(), NAMES);
  expect(history.violations).toEqual([]);
  expect(history.episodes.map(({ experiment }) => experiment)).toEqual(NAMES);
  expect(missedOf(history)).toEqual([]);
  expect([...history.operations].filter(({ ok }) => ok).length).toBeGreaterThan(20);
});
