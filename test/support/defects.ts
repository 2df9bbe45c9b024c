import { eventually, type Patience } from './eventually.ts';
import type { Scrape } from './exposition.ts';
import type { ServiceKind, ServiceProcess } from './service-process.ts';

const MISSING = 'missing';
const EVERY: readonly ServiceKind[] = ['adult', 'dkg-coordinator', 'elder', 'gateway'];

/** Counters that stay at zero whatever others do, and who has them: each would be a defect of our own. */
const DEFECTS: Readonly<Record<string, readonly ServiceKind[]>> = {
  witan_actor_crashes_total: EVERY,
  witan_actor_poison_messages_total: EVERY,
  witan_actor_effect_failures_total: EVERY,
  witan_bus_handler_errors_total: EVERY,
  // Nobody does what its role does not need.
  witan_bus_forbidden_total: EVERY,
  witan_held_messages_failed_total: ['dkg-coordinator', 'elder'],
};

/** Counters that stay at zero while nothing happens to the machine. */
const TROUBLES: typeof DEFECTS = { witan_journal_errors_total: ['adult', 'elder'] };

const REJECTED = 'witan_messages_rejected_total';
const TWO_THINGS = { reason: 'equivocation' };

export interface Expected {
  /** Something happens to the machine. */
  readonly trouble: boolean;
  /** Somebody says what no honest node says. */
  readonly lies: boolean;
}

/** What must not happen, as processes count it, a line for each counter that is not at zero; those that do not run count nothing. */
export async function defectsCounted(all: readonly ServiceProcess[], expected: Expected): Promise<string[]> {
  const zero = expected.trouble ? DEFECTS : { ...DEFECTS, ...TROUBLES };
  const found: string[] = [];
  for (const process of all.filter((each) => each.metricsUrl && each.isRunning)) {
    const metrics = await process.metrics();
    // One that is not ready yet may not count yet.
    const counted = nonZero(process.kind, metrics, zero, process.hasBeenReady);
    if (!expected.lies) counted.push(...equivocations(metrics));
    found.push(...counted.map((each) => `${process.name}: ${each}`));
  }
  return found;
}

function nonZero(kind: ServiceKind, metrics: Scrape, zero: typeof DEFECTS, isReady: boolean): string[] {
  const names = Object.keys(zero).filter((each) => zero[each]!.includes(kind));
  return names.flatMap((name) => {
    const value = metrics.value(name) ?? (isReady ? MISSING : 0);
    return value === 0 ? [] : [`${name} is ${value}`];
  });
}

/** Who is honest says the same again after a restart: it was written down before it was said. There is none before the first. */
function equivocations(metrics: Scrape): string[] {
  const heard = metrics.value(REJECTED, TWO_THINGS) ?? 0;
  return heard === 0 ? [] : [`${REJECTED}{reason="${TWO_THINGS.reason}"} is ${heard}`];
}

/**
 * What a service has counted of its own defects and of lies where all are honest, once it counts all of them: one that was
 * started just now may not answer yet. That it does not is told too.
 */
export async function defectsOf(kind: ServiceKind, ask: () => Promise<Scrape>, patience: Patience): Promise<string[]> {
  let found: string[] = [];
  const counts = async () => {
    found = [];
    const metrics = await ask();
    found = [...nonZero(kind, metrics, DEFECTS, true), ...equivocations(metrics)];
    return !found.some((each) => each.endsWith(MISSING));
  };
  try {
    await eventually('it tells what it has counted', counts, patience);
  } catch (error) {
    if (found.length === 0) return [(error as Error).message];
  }
  return found;
}

/** Counters die with their process, and what it said of its failures does not. */
export function heldButNotTaken(all: readonly ServiceProcess[]): string[] {
  return all.flatMap(({ name, lines }) =>
    lines.filter(({ event }) => event === 'dkg-held-failed').map((line) => `${name}: ${JSON.stringify(line)}`),
  );
}
