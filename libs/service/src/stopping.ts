import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@witan/observability';

export interface StopStep {
  readonly name: string;
  readonly run: () => Promise<void> | void;
  /** A step that may be given up early, such as the last traces to a collector that does not answer. */
  readonly timeoutMs?: number;
}

/**
 * Runs the steps in order, each whatever became of those before.
 *
 * @returns the names of the steps that failed, or `timeout` with the step that was running when time was up.
 */
export async function runSteps(
  steps: readonly StopStep[],
  timeoutMs: number,
  log: Logger,
): Promise<{ failed: readonly string[]; timeout?: string }> {
  const failed: string[] = [];
  let current = '';
  const all = async (): Promise<void> => {
    for (const step of steps) {
      current = step.name;
      try {
        const patience = step.timeoutMs === undefined ? [] : [delay(step.timeoutMs, undefined, { ref: false })];
        await Promise.race([step.run(), ...patience]);
      } catch (error) {
        failed.push(step.name);
        log.error({ err: error, step: step.name }, 'a step of the stop failed');
      }
    }
  };
  const late = Symbol('late');
  const outcome = await Promise.race([all(), delay(timeoutMs, late)]);
  return outcome === late ? { failed, timeout: current } : { failed };
}
