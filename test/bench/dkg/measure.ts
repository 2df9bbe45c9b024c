import { setTimeout as sleep } from 'node:timers/promises';
import { costOf, measureCosts, OPERATIONS, type Operation, type OperationCounts } from '@witan/crypto';
import { supermajority } from '@witan/chain';
import { machineCpuMs, processCpuMs } from '../machine.ts';
import { median, quantile, sum } from '../stats.ts';
import { Cluster, type Member } from './cluster.ts';
import { groupOnly } from './floor.ts';
import type { Sample } from './messages.ts';

/** Sessions that count for nothing: code is compiled, tables are made, connections are warm. */
const WARM_UP = 2;
/** After the last participant is done: late messages and reports are the session's too. */
const SETTLE_MS = 400;

export interface DkgOptions {
  readonly participants: number;
  readonly runs: number;
  readonly cores: number;
  readonly dataDir: string;
  /** Writes a CPU profile of the first participant over all counted sessions to this file. */
  readonly profile: string | undefined;
  readonly onSession: (number: number, of: number, wallMs: number) => void;
}

/** Milliseconds of CPU, of one participant in one session. */
interface Used {
  readonly cpuMs: number;
  readonly groupMs: number;
  readonly cryptoMs: number;
}

interface SessionFigures {
  readonly wallMs: number;
  /** Each participant, until it had its share; and until everything was quiet. */
  readonly untilDone: readonly Used[];
  readonly inAll: readonly Used[];
  readonly coordinatorCpuMs: number;
  readonly natsCpuMs: number | undefined;
  /** What processes that are none of ours used meanwhile, as a share of the machine. */
  readonly othersShare: number | undefined;
  readonly phaseMs: Readonly<Record<string, number>>;
}

export interface DkgFigures {
  readonly participants: number;
  readonly threshold: number;
  readonly runs: number;
  readonly cores: number;
  readonly wallMs: { readonly p50: number; readonly p95: number; readonly min: number; readonly all: readonly number[] };
  /** The run's floor: operations counted × their measured cost, summed over participants, over the cores. */
  readonly floorMs: { readonly group: number; readonly crypto: number };
  readonly ratio: { readonly group: number; readonly crypto: number };
  /** All CPU of participants, coordinator and server, over the cores: what an undisturbed machine could not beat. */
  readonly cpuBoundMs: number;
  readonly participant: {
    readonly untilDone: ParticipantFigures;
    readonly inAll: ParticipantFigures;
  };
  readonly coordinatorCpuMs: number;
  readonly natsCpuMs: number | undefined;
  readonly othersShare: number | undefined;
  /** Median time from one phase's beginning to the next one's, at the first to get there. */
  readonly phaseMs: Readonly<Record<string, number>>;
  /** Of one participant and session, on average. */
  readonly operations: Readonly<Record<Operation, number>>;
  readonly costsUs: Readonly<Record<Operation, number>>;
}

interface ParticipantFigures {
  readonly cpuMs: number;
  readonly groupMs: number;
  readonly cryptoMs: number;
  readonly overGroup: number;
  readonly overCrypto: number;
}

export async function measureDkg(options: DkgOptions): Promise<DkgFigures> {
  const threshold = supermajority(options.participants);
  await using cluster = await Cluster.start(options);
  const before = measureCosts(options.participants, threshold);
  for (let i = 0; i < WARM_UP; i++) await runSession(cluster);
  const first = cluster.participants[0]!;
  if (options.profile !== undefined) await profile(first, undefined);
  const raw: RawSession[] = [];
  for (let i = 0; i < options.runs; i++) {
    const session = await runSession(cluster);
    raw.push(session);
    options.onSession(i + 1, options.runs, session.wallMs);
  }
  if (options.profile !== undefined) await profile(first, options.profile);
  const costs = lower(before, measureCosts(options.participants, threshold));
  return summarise(options, threshold, raw, costs);
}

async function profile(member: Member, file: string | undefined): Promise<void> {
  member.send({ type: 'profile', file });
  await member.next('profiled');
}

interface RawSession {
  readonly wallMs: number;
  readonly untilDone: readonly Sample[];
  readonly inAll: readonly Sample[];
  readonly coordinatorCpuMs: number;
  readonly natsCpuMs: number | undefined;
  readonly othersShare: number | undefined;
  readonly phaseMs: Readonly<Record<string, number>>;
}

async function runSession(cluster: Cluster): Promise<RawSession> {
  await cluster.all(async (member) => {
    member.send({ type: 'prepare' });
    await member.next('prepared');
  });
  const { certified, session } = cluster.chain.dkgStart();
  const natsBefore = processCpuMs(cluster.nats.pid);
  const machineBefore = machineCpuMs();
  const ownBefore = process.cpuUsage();
  const startedAt = process.hrtime.bigint();
  cluster.publish(certified);
  const done = await Promise.all(
    cluster.participants.map((member) => member.next('done', (notice) => notice.session === session)),
  );
  await sleep(SETTLE_MS);
  const samples = await cluster.all(async (member) => {
    member.send({ type: 'sample' });
    return (await member.next('sample')).sample;
  });
  const natsCpuMs = delta(natsBefore, processCpuMs(cluster.nats.pid));
  const elapsedMs = msSince(startedAt, process.hrtime.bigint());
  const own = process.cpuUsage(ownBefore);
  const usedMs = sum(samples.map((each) => each.cpuMs)) + (natsCpuMs ?? 0) + (own.user + own.system) / 1000;
  const machineMs = delta(machineBefore, machineCpuMs());
  if (done.some((each) => !each.usableShare)) throw new Error('a participant ended without a usable share');
  const phaseMs = phaseDurations(cluster.participants, session, startedAt, Math.max(...done.map((each) => msSince(startedAt, each.at))));
  await cluster.decide(cluster.chain.handover());
  return {
    wallMs: Math.max(...done.map((each) => msSince(startedAt, each.at))),
    untilDone: done.map((each) => each.sample),
    inAll: samples.slice(0, -1),
    coordinatorCpuMs: samples.at(-1)!.cpuMs,
    natsCpuMs,
    othersShare: machineMs === undefined ? undefined : Math.max(0, machineMs - usedMs) / elapsedMs,
    phaseMs,
  };
}
