import { PATIENCE_MS } from './cluster.ts';
import { eventually } from './eventually.ts';
import type { ServiceProcess } from './service-process.ts';

type Counted = Readonly<Record<string, number>>;

/** Everything that a service says it has not taken, by channel or phase, and reason. */
async function refusedBy(service: ServiceProcess): Promise<Counted> {
  const metrics = await service.metrics();
  const samples = ['witan_messages_rejected_total', 'witan_dkg_messages_total'].flatMap((name) => metrics.find(name));
  const refused = samples.filter(({ labels }) => !['accepted', 'held', 'rejected'].includes(labels.result ?? ''));
  return Object.fromEntries(refused.map(({ labels, value }) => [Object.values(labels).join('/'), value]));
}

/** How much of what `services` have not taken was for such a reason. */
async function refusedFor(services: readonly ServiceProcess[], reason: RegExp): Promise<number> {
  const counted = (await Promise.all(services.map(refusedBy))).flatMap((each) => Object.entries(each));
  return counted.reduce((sum, [what, count]) => (reason.test(what) ? sum + count : sum), 0);
}

/** Expects of each group of services that `send` makes it count so many more for such a reason. */
export async function expectCounted(
  groups: readonly (readonly ServiceProcess[])[],
  reason: RegExp,
  count: number,
  send: () => unknown,
): Promise<void> {
  const before = await Promise.all(groups.map((group) => refusedFor(group, reason)));
  await send();
  for (const [index, group] of groups.entries()) {
    await eventually(
      `${group.map(({ name }) => name).join(' or ')} count ${count} more for ${reason}`,
      async () => {
        const more = (await refusedFor(group, reason)) - before[index]!;
        if (more >= count) return true;
        throw new Error(`${more} more`);
      },
      { withinMs: PATIENCE_MS, everyMs: 20 },
    );
  }
}
