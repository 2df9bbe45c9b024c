import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { Cluster, type ClusterOptions } from './cluster.ts';
import { Invariants } from './invariants.ts';

const TAIL_LINES = 12;

export interface UseOptions {
  /** The tests make services fail in ways that they have to report as errors. */
  readonly expectsTrouble?: boolean;
}

/**
 * One cluster for the tests of a file: started before them, checked after each, ended after the last whatever happened.
 * A test that fails prints how the logs end. When `WITAN_E2E_LOGS` names a directory, all of them are written there.
 */
export function useCluster({ expectsTrouble = false, ...options }: ClusterOptions & UseOptions): {
  readonly cluster: Cluster;
  readonly invariants: Invariants;
} {
  const cluster = new Cluster(options);
  const invariants = new Invariants(cluster, { expectsTrouble });
  beforeAll(async () => {
    try {
      await cluster.start();
    } catch (error) {
      explain(cluster);
      throw error;
    }
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') return explain(cluster);
    try {
      await invariants.expectAll();
    } catch (error) {
      explain(cluster);
      throw error;
    }
  });
  afterAll(async () => {
    keepLogs(cluster);
    await cluster.stop();
  });
  return { cluster, invariants };
}

/** Prints how each process ended up. */
function explain(cluster: Cluster): void {
  for (const service of cluster.processes) {
    const state = service.isRunning ? `running as ${service.pid}` : 'not running';
    console.error(`\n--- ${service.name}, ${state}\n${service.tail(TAIL_LINES)}`);
  }
  console.error(`\n--- nats-server\n${cluster.natsLog.slice(-TAIL_LINES).join('\n')}`);
}

function keepLogs(cluster: Cluster): void {
  const directory = process.env.WITAN_E2E_LOGS;
  if (!directory) return;
  mkdirSync(directory, { recursive: true });
  for (const { name, lines, stderr } of cluster.processes) {
    const text = [...lines.map((line) => JSON.stringify(line)), stderr].join('\n');
    writeFileSync(join(directory, `${name}.log`), text);
  }
}
