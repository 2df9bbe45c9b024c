import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** They wait for the rules of a real Prometheus more than they compute, and can be run beside other tests. */
const ALERTS = ['test/e2e/alerts.test.ts', 'test/e2e/rare-alerts.test.ts'];

const OF_PROCESSES = { pool: 'forks', testTimeout: 120_000, hookTimeout: 120_000, fileParallelism: false } as const;

/** Unit and property tests live beside the code they test; what crosses packages lives in `test/`. */
export default defineConfig({
  test: {
    // Of two cores it would use one.
    maxWorkers: availableParallelism(),
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'libs/*/test/**/*.test.ts',
            'services/*/test/**/*.test.ts',
            'deploy/*/test/**/*.test.ts',
            'test/simulation/**/*.test.ts',
            'test/chaos/**/*.test.ts',
            'test/compatibility/**/*.test.ts',
          ],
          pool: 'forks',
          // No test is about speed, and a machine may be busy: only one that hangs is meant.
          testTimeout: 60_000,
        },
      },
      { test: { name: 'rules', include: ['test/rules/**/*.test.ts'] } },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: ALERTS,
          ...OF_PROCESSES,
        },
      },
      {
        test: {
          name: 'alerts',
          include: ALERTS,
          ...OF_PROCESSES,
        },
      },
      {
        test: {
          name: 'containers',
          include: ['test/containers/**/*.test.ts'],
          pool: 'forks',
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'kube',
          include: ['test/kube/**/*.test.ts'],
          pool: 'forks',
          // Of an upgrade, every node waits for the one before.
          testTimeout: 900_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
