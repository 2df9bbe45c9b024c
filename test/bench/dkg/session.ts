import { setTimeout as sleep } from 'node:timers/promises';
import { PHASES } from '@witan/dkg';
import { machineCpuMs, processCpuMs } from '../machine.ts';
import { sum } from '../stats.ts';
import type { Cluster } from './cluster.ts';
import type { Detours, PhaseBegin, Sample } from './messages.ts';

/**
 * After the last participant is done: late messages and reports are the session's too. And after the handover: what of the
 * session before is compacted then is not the next one's.
 */
const SETTLE_MS = 400;

/** One session as it was measured. Samples are by participant. */
export interface SessionRun {
  /** From the DkgStart's publication to the last participant's usable share. */
  readonly wallMs: number;
  /** What each had used when it had its share. */
  readonly untilDone: readonly Sample[];
  /** What each had used when all was quiet again. */
  readonly inAll: readonly Sample[];
  readonly coordinatorCpuMs: number;
  readonly natsCpuMs: number | undefined;
  /** How much of the machine processes that are none of ours took meanwhile: 1 is one core. */
  readonly otherCores: number | undefined;
  /** Of all participants. */
  readonly detours: Detours;
  /** From the first participant that began a phase to the first that began the next. */
  readonly phaseMs: Readonly<Record<string, number>>;
}

export async function runSession(cluster: Cluster): Promise<SessionRun> {
  await cluster.all(async (member) => {
    member.send({ type: 'prepare' });
    await member.next('prepared');
  });
  const { certified, session } = cluster.chain.dkgStart();
  const machine = machineCpuMs();
  const nats = processCpuMs(cluster.nats.pid);
  const own = process.cpuUsage();
  const startedAt = process.hrtime.bigint();
  cluster.publish(certified);
  const done = await Promise.all(
    cluster.participants.map((member) => member.next('done', (notice) => notice.session === session)),
  );
  if (done.some((each) => !each.usableShare)) throw new Error('a participant ended without a usable share');
  await sleep(SETTLE_MS);
  const measured = await cluster.all(async (member) => {
    member.send({ type: 'sample' });
    return member.next('sample');
  });
  const samples = measured.map((each) => each.sample);
  const natsCpuMs = since(nats, processCpuMs(cluster.nats.pid));
  const machineMs = since(machine, machineCpuMs());
  const { user, system } = process.cpuUsage(own);
  const oursMs = sum(samples.map((each) => each.cpuMs)) + (natsCpuMs ?? 0) + (user + system) / 1000;
  const elapsedMs = ms(process.hrtime.bigint() - startedAt);
  const wallMs = Math.max(...done.map((each) => ms(each.at - startedAt)));
  const phaseMs = phaseDurations(
    measured.flatMap((each) => each.phases),
    startedAt,
    wallMs,
  );
  await cluster.decide(cluster.chain.handover());
  await sleep(SETTLE_MS);
  return {
    wallMs,
    untilDone: done.map((each) => each.sample),
    inAll: samples.slice(0, -1),
    coordinatorCpuMs: samples.at(-1)!.cpuMs,
    natsCpuMs,
    otherCores: machineMs === undefined ? undefined : Math.max(0, machineMs - oursMs) / elapsedMs,
    detours: {
      asked: sum(measured.map(({ detours }) => detours.asked)),
      laterViews: sum(measured.map(({ detours }) => detours.laterViews)),
    },
    phaseMs,
  };
}

function phaseDurations(all: readonly PhaseBegin[], startedAt: bigint, endMs: number): Record<string, number> {
  const begun = new Map<string, number>();
  for (const { phase, at } of all) {
    const atMs = ms(at - startedAt);
    begun.set(phase, Math.min(atMs, begun.get(phase) ?? atMs));
  }
  const phases = PHASES.filter((phase) => begun.has(phase));
  const ends = phases.map((_, at) => (at + 1 < phases.length ? begun.get(phases[at + 1]!)! : endMs));
  return {
    start: begun.get(phases[0]!)!,
    ...Object.fromEntries(phases.map((phase, at) => [phase, ends[at]! - begun.get(phase)!])),
  };
}

function ms(ns: bigint): number {
  return Number(ns) / 1e6;
}

function since(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined ? undefined : after - before;
}
