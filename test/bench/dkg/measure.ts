import { supermajority } from '@witan/chain';
import { OPERATIONS, type Operation } from '@witan/crypto';
import { type Costs, costsNow, meanCosts } from '../costs.ts';
import { median, quantile, sum } from '../stats.ts';
import { Cluster, type ClusterOptions } from './cluster.ts';
import { floorOf } from './floor.ts';
import type { Detours, Sample } from './messages.ts';
import { runSession, type SessionRun } from './session.ts';

/**
 * Sessions before those that count, of so many parts in all: V8 goes on compiling for some twenty sessions of 7. What the
 * first one of all takes, in processes that have just started, is told beside.
 */
const WARM_UP_PARTS = 140;

/** Costs are measured so often between the sessions: a shared machine is not equally fast all the time. */
const COSTS_MEASURED = 6;

export interface DkgOptions extends ClusterOptions {
  readonly runs: number;
  /** Writes a CPU profile of one participant over all counted sessions to this file. */
  readonly profile: string | undefined;
  readonly onSession: (number: number, run: SessionRun) => void;
}

/** Means over all participants and sessions, per participant and session. */
export interface ParticipantFigures {
  readonly cpuMs: number;
  /** Of these, on the main thread. */
  readonly mainMs: number;
  readonly groupMs: number;
  readonly cryptoMs: number;
  /** CPU ÷ own floor, in the two readings of the floor. */
  readonly overGroup: number;
  readonly overCrypto: number;
}

/** Mean over the participants, ms. */
export function meanCpuMs({ inAll }: SessionRun): number {
  return mean(inAll.map((sample) => sample.cpuMs));
}

export interface DkgFigures {
  readonly participants: number;
  readonly threshold: number;
  readonly runs: number;
  readonly cores: number;
  readonly wallMs: {
    readonly p50: number;
    readonly p95: number;
    readonly min: number;
    /** The first session of processes that have just started. */
    readonly first: number;
    readonly all: readonly number[];
  };
  /** Operations until the shares were there × their cost, summed over the participants, over the cores. */
  readonly floorMs: { readonly group: number; readonly crypto: number };
  /** p50 ÷ floor. */
  readonly ratio: { readonly group: number; readonly crypto: number };
  /** All CPU of the participants until done, of the coordinator and of the server, over the cores: what this code would take on a machine of its own. */
  readonly cpuBoundMs: number;
  readonly untilDone: ParticipantFigures;
  readonly inAll: ParticipantFigures;
  readonly coordinatorCpuMs: number;
  readonly natsCpuMs: number | undefined;
  readonly otherCores: number | undefined;
  /** Mean of a session, all participants together. */
  readonly detours: Detours;
  readonly phaseMs: Readonly<Record<string, number>>;
  /** Until done, per participant and session. */
  readonly operations: Readonly<Record<Operation, number>>;
  readonly costsUs: Costs;
}

export async function measureDkg(options: DkgOptions): Promise<DkgFigures> {
  const { participants } = options;
  const threshold = supermajority(participants);
  await using cluster = await Cluster.start(options);
  const first = (await runSession(cluster)).wallMs;
  for (let i = participants; i < WARM_UP_PARTS; i += participants) await runSession(cluster);
  const profiled = cluster.participants[0]!;
  if (options.profile !== undefined) await profiled.profile();
  const sessions: SessionRun[] = [];
  const costs: Costs[] = [];
  for (let i = 0; i < options.runs; i++) {
    if (i % Math.ceil(options.runs / COSTS_MEASURED) === 0) costs.push(costsNow(participants, threshold));
    const session = await runSession(cluster);
    sessions.push(session);
    options.onSession(i + 1, session);
  }
  if (options.profile !== undefined) await profiled.profile(options.profile);
  return summarise(options, first, sessions, meanCosts([...costs, costsNow(participants, threshold)]));
}

function summarise(
  { participants, cores, runs }: DkgOptions,
  first: number,
  sessions: readonly SessionRun[],
  costs: Costs,
): DkgFigures {
  const walls = sessions.map((session) => session.wallMs);
  const p50 = median(walls);
  const untilDone = participantFigures(
    sessions.flatMap((session) => session.untilDone),
    costs,
  );
  const inAll = participantFigures(
    sessions.flatMap((session) => session.inAll),
    costs,
  );
  const floorMs = {
    group: (untilDone.groupMs * participants) / cores,
    crypto: (untilDone.cryptoMs * participants) / cores,
  };
  const coordinatorCpuMs = mean(sessions.map((session) => session.coordinatorCpuMs));
  const natsCpuMs = meanOfKnown(sessions.map((session) => session.natsCpuMs));
  return {
    participants,
    threshold: supermajority(participants),
    runs,
    cores,
    wallMs: { p50, p95: quantile(walls, 0.95), min: Math.min(...walls), first, all: walls },
    floorMs,
    ratio: { group: p50 / floorMs.group, crypto: p50 / floorMs.crypto },
    cpuBoundMs: (untilDone.cpuMs * participants + coordinatorCpuMs + (natsCpuMs ?? 0)) / cores,
    untilDone,
    inAll,
    coordinatorCpuMs,
    natsCpuMs,
    otherCores: meanOfKnown(sessions.map((session) => session.otherCores)),
    detours: {
      asked: mean(sessions.map(({ detours }) => detours.asked)),
      laterViews: mean(sessions.map(({ detours }) => detours.laterViews)),
    },
    phaseMs: mediansByName(sessions.map((session) => session.phaseMs)),
    operations: meanCounts(sessions.flatMap((session) => session.untilDone)),
    costsUs: costs,
  };
}

function participantFigures(samples: readonly Sample[], costs: Costs): ParticipantFigures {
  const floors = samples.map((sample) => floorOf(sample.counts, costs));
  const cpuMs = mean(samples.map((sample) => sample.cpuMs));
  const groupMs = mean(floors.map((floor) => floor.groupMs));
  const cryptoMs = mean(floors.map((floor) => floor.cryptoMs));
  const mainMs = mean(samples.map((sample) => sample.mainMs));
  return { cpuMs, mainMs, groupMs, cryptoMs, overGroup: cpuMs / groupMs, overCrypto: cpuMs / cryptoMs };
}

function meanCounts(samples: readonly Sample[]): Record<Operation, number> {
  const entries = OPERATIONS.map((name) => [name, mean(samples.map((sample) => sample.counts[name]))]);
  return Object.fromEntries(entries) as Record<Operation, number>;
}

function mediansByName(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))];
  const valuesOf = (name: string) => records.flatMap((record) => record[name] ?? []);
  return Object.fromEntries(names.map((name) => [name, median(valuesOf(name))]));
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

function meanOfKnown(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : mean(known);
}
