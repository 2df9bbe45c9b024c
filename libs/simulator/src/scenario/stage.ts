import { Identity, toHex } from '@witan/crypto';
import { type DkgReport, isDone, isPhase, PHASES, type PhaseName } from '@witan/dkg';
import { currentShare, elderIndex, type Policy } from '@witan/section';
import { LyingCoordinator } from '../byzantine/coordinator.ts';
import { LIE_KINDS, type LieKind } from '../byzantine/kinds.ts';
import type { Checker, Invariant } from '../checkers/checker.ts';
import { CHECKERS } from '../checkers/index.ts';
import { FAIR, type Outgoing, type Packet, type Ruling } from '../network.ts';
import { Random } from '../random.ts';
import { readStatement } from '../statement.ts';
import { type SimNode, type SimProcess, World } from '../world.ts';
import { CoordinatorProcess } from './coordinator.ts';
import { ScriptedLiar } from './liar.ts';
import { ScenarioLog } from './log.ts';

/** Every message takes as long as every other, so that what a scenario prints does not depend on luck. */
const EVEN = { ...FAIR, delayMs: [2, 2] } as const;
const JOIN_WITHIN_MS = 5_000;
const DEFAULT_RUN_MS = 30_000;
/** Time for those who are not first, after the moment that was waited for. */
const AFTERGLOW_MS = 40;

export interface StageOptions {
  readonly nodes: number;
  readonly elders: number;
  readonly seed: number;
  /** In the place of the policy's own times. */
  readonly policy?: Partial<Policy>;
}

/** What a packet has to be for a rule to take it. Undefined fits any. */
export interface Filter {
  readonly what: string | undefined;
  readonly phase?: string | undefined;
  readonly view?: number | undefined;
  readonly from: readonly SimNode[] | undefined;
  readonly to: readonly SimNode[] | undefined;
  /** Only the first so many. */
  times: number;
}

/**
 * When a process is killed: as it is about to send something, as it enters a phase, or with something of a phase written
 * and not sent.
 */
export type Moment =
  | { readonly sends: string; readonly phase?: PhaseName }
  | { readonly enters: PhaseName }
  | { readonly writes: PhaseName };

export type Goal =
  | 'done'
  | 'failed'
  | 'stalled'
  | 'handover'
  | 'shares'
  | 'started'
  | `closed:${PhaseName}`
  | `in:${PhaseName}`;

type Process = SimNode | CoordinatorProcess;

/** A section on which a scenario plays: what a test or a scenario file can do to it, step by step. */
export class Stage {
  readonly world: World;
  readonly log: ScenarioLog;
  readonly #liars = new Map<SimNode, ScriptedLiar>();
  readonly #rules: { readonly filter: Filter; readonly ruling: Ruling }[] = [];
  readonly #coordinators: CoordinatorProcess[] = [];
  readonly #killings: { readonly process: Process; readonly moment: Moment; readonly keepUnsynced: boolean }[] = [];
  readonly #heard: { readonly session: string; readonly what: string; readonly topic: string; raw: Uint8Array }[] = [];
  readonly #checkers: Checker[];
  #hasFailed = false;
  readonly #random: Random;

  constructor({ nodes, elders, seed, policy }: StageOptions) {
    this.#random = new Random(seed);
    this.world = new World({
      seed,
      nodes,
      policy: { ...policy, elderCount: elders },
      tamper: (node, world) => {
        const liar = new ScriptedLiar(node, world, this.#random.fork(), () => [...this.#accused]);
        this.#liars.set(node, liar);
        return liar;
      },
    });
    this.world.network.weather = EVEN;
    this.world.network.rule = (packet) => this.#rule(packet);
    this.world.onSend = (node, { bytes }) => this.#maybeKill(node, sendingOf(bytes));
    this.world.onWrite = (node, when, stream) => {
      if (when === 'after' && stream.startsWith('dkg/')) this.#maybeKill(node, { writes: this.#phaseOf(node) });
    };
    this.log = new ScenarioLog(this.world, (node) => !this.#accused.has(node));
    const violated = (invariant: Invariant, node: string, detail: string) =>
      this.log.say(`VIOLATION of ${invariant}: ${detail}`, node);
    const isHonest = ({ name }: SimProcess) => ![...this.#accused].some((node) => node.name === name);
    const scene = { world: this.world, violated, isHonest };
    this.#checkers = CHECKERS.map((make) => make(scene));
    this.world.watchers.push(this.log, ...this.#checkers, {
      dkg: (process, _session, report) => this.#onDkg(process, report),
      sends: (_node, outgoing) => {
        this.#remember(outgoing);
        const coordinator = this.#coordinatorOf(outgoing.from);
        if (coordinator) this.#maybeKill(coordinator, sendingOf(outgoing.bytes));
      },
    });
    this.world.startAll();
    this.world.run(JOIN_WITHIN_MS, () => this.world.nodes.every(isMember));
    this.log.take();
  }

  /** Nodes that lie: nothing is demanded of them. */
  readonly #accused = new Set<SimNode>();

  /** `n3`, or `c0` for a coordinator. */
  process(label: string): Process {
    return this.#coordinators.find((each) => each.label === label) ?? this.node(label);
  }

  node(label: string): SimNode {
    const found = this.world.nodes.find((each) => each.label === label);
    if (!found) throw new Error(`no node ${label}`);
    return found;
  }

  /** Packets that the filter takes are lost, or take so many ms longer. Rules made first go first. */
  addRule(filter: Filter, ruling: Ruling): void {
    this.#rules.push({ filter, ruling });
  }

  forgetRules(): void {
    this.#rules.length = 0;
  }

  lie(node: SimNode, kind: string, what: string | undefined, victims: readonly SimNode[] | undefined): void {
    if (!(kind in LIE_KINDS)) throw new Error(`no lie ${kind}`);
    this.#accused.add(node);
    this.#liars.get(node)!.add({ kind: kind as LieKind, what, victims: victims?.map((each) => each.index) });
  }

  startCoordinator(lying: boolean): void {
    if (lying) {
      new LyingCoordinator(this.world, this.#random.fork(), () => {});
      return;
    }
    const identity = Identity.fromSeed(this.#random.bytes(32));
    const coordinator = new CoordinatorProcess(this.world, `c${this.#coordinators.length}`, identity);
    this.#coordinators.push(coordinator);
    coordinator.start();
  }

  start(process: Process): void {
    if (process instanceof CoordinatorProcess) {
      process.start();
      this.log.say('starts again', process.label);
    } else this.world.start(process);
  }

  kill(process: Process, keepUnsynced = true): void {
    if (process instanceof CoordinatorProcess) {
      process.kill();
      this.log.say('is killed', process.label);
    } else this.world.kill(process, keepUnsynced);
  }

  killWhen(process: Process, moment: Moment, keepUnsynced = true): void {
    this.#killings.push({ process, moment, keepUnsynced });
  }

  /** Runs until the goal is reached by every node that is up and honest, then a moment longer. False if it is not. */
  run(goal: Goal | undefined, withinMs = DEFAULT_RUN_MS): boolean {
    if (goal === undefined) {
      this.world.run(withinMs);
      return true;
    }
    const reached = this.world.run(withinMs, () => this.#isReached(goal));
    if (reached && (goal === 'done' || goal === 'handover' || goal === 'failed')) this.world.run(AFTERGLOW_MS);
    if (!reached) this.log.say(`NOT reached within ${withinMs} ms: ${goal}`);
    return reached;
  }

  /** Says again what was said in the first session, as it was. */
  replay(what: string | undefined): number {
    const first = this.#heard[0]?.session;
    const old = this.#heard.filter((each) => each.session === first && (what === undefined || each.what === what));
    const topic = this.#heard.at(-1)?.topic ?? '';
    for (const { raw } of old) this.world.network.publishFrom('replayer', topic, raw);
    return old.length;
  }

  /** Where each node stands. */
  describe(): string[] {
    return this.world.nodes.map((node) => {
      const { elder } = node;
      if (!elder) return `${node.label}: down`;
      const running = [...elder.sessions.all.values()].at(-1);
      const state = running?.state;
      const where = !state ? 'no session' : isDone(state) ? 'done' : (state.failed ?? `in ${PHASES[state.phase]}`);
      const role = elderIndex(elder.state) < 0 ? 'no elder' : 'elder';
      const share = currentShare(elder.state) === undefined ? 'no usable share' : 'usable share';
      return `${node.label}: ${where}; ${role}, ${share}`;
    });
  }

  /** The key that the section has now, as the nodes see it. */
  keys(): ReadonlySet<string> {
    const ledgers = this.world.nodes.flatMap(({ elder }) => elder?.state.ledger ?? []);
    return new Set(ledgers.map((ledger) => toHex(ledger.key)));
  }

  #isReached(goal: Goal): boolean {
    const up = this.world.nodes.filter((node) => node.elder && !this.#accused.has(node));
    if (goal === 'started') return up.some(({ elder }) => elder!.state.ledger?.pending !== undefined);
    if (goal === 'failed') return this.#hasFailed;
    if (goal === 'handover') return this.#allSettled();
    if (goal === 'shares') return this.#allSettled() && this.#areAble();
    const [kind, phase] = goal.split(':') as [string, PhaseName | undefined];
    const last = up.map((node) => [...node.elder!.sessions.all.values()].at(-1)?.state);
    const newest = Math.max(...last.map((state) => state?.session.generation ?? -1));
    return last.every((state) => {
      if (!state || state.session.generation < newest) return false;
      const at = phase === undefined ? -1 : PHASES.indexOf(phase);
      if (kind === 'done') return isDone(state);
      if (kind === 'stalled') return state.progress.stalled;
      if (kind === 'in') return isPhase(at) && state.phase >= at;
      return isPhase(at) && (state.closes[at] !== undefined || state.phase > at);
    });
  }

  /** All who are up and honest have the same decisions, nothing is pending, and there has been a handover. */
  #allSettled(): boolean {
    const up = this.world.nodes.filter((node) => node.elder && !this.#accused.has(node));
    const ledgers = up.map((node) => node.elder!.state.ledger);
    const first = ledgers[0];
    if (!first || first.pending || first.chain.length < 2) return false;
    return ledgers.every((ledger) => ledger && toHex(ledger.head) === toHex(first.head));
  }

  /** All elders who are up and honest can sign. */
  #areAble(): boolean {
    const up = this.world.nodes.filter((node) => node.elder && !this.#accused.has(node));
    return up.every(({ elder }) => elderIndex(elder!.state) < 0 || currentShare(elder!.state) !== undefined);
  }

  #rule(packet: Packet): Ruling {
    for (const { filter, ruling } of this.#rules) {
      if (filter.times <= 0 || !this.#fits(filter, packet)) continue;
      filter.times--;
      return ruling;
    }
    return 'pass';
  }

  #fits({ what, phase, view, from, to }: Filter, packet: Packet): boolean {
    if (phase !== undefined && phaseOf(packet) !== phase) return false;
    if (view !== undefined && readStatement(packet.bytes)?.view !== view) return false;
    const isOf = (nodes: readonly SimNode[] | undefined, name: string) =>
      nodes === undefined || nodes.some((node) => node.name === name);
    return isOf(from, packet.from) && isOf(to, packet.to) && (what === undefined || whatIs(packet) === what);
  }

  #maybeKill(process: Process, now: Record<string, string>): void {
    const at = this.#killings.findIndex(({ process: victim, moment }) => {
      return victim === process && Object.entries(moment).every(([name, value]) => now[name] === value);
    });
    const [killing] = at < 0 ? [] : this.#killings.splice(at, 1);
    if (killing) this.kill(process, killing.keepUnsynced);
  }

  #onDkg({ name }: SimProcess, report: DkgReport): void {
    const process = this.#coordinatorOf(name) ?? this.world.nodeOf(name);
    if (process && report.type === 'phase') this.#maybeKill(process, { enters: report.phase });
    else if (report.type === 'failed') this.#hasFailed = true;
  }

  #coordinatorOf(name: string): CoordinatorProcess | undefined {
    return this.#coordinators.find((each) => each.name === name);
  }

  #phaseOf(node: SimNode): string {
    const state = [...(node.elder?.sessions.all.values() ?? [])].at(-1)?.state;
    return state ? PHASES[state.phase] : '';
  }

  #remember({ form, about, bytes }: Outgoing): void {
    const statement = readStatement(bytes);
    if (form !== 'broadcast' || !statement?.session) return;
    this.#heard.push({ session: statement.session, what: statement.what, topic: about, raw: bytes });
  }
}

/** Kind of a message; `question` and `answer` for anti-entropy; `decision` for certified decisions. */
function whatIs({ form, about, bytes }: Packet): string {
  if (form !== 'broadcast') return form === 'request' ? 'question' : 'answer';
  return about.endsWith('.events') ? 'decision' : (readStatement(bytes)?.what ?? 'bytes');
}

function isMember({ elder, name }: SimNode): boolean {
  return elder?.state.ledger?.members.has(name) ?? false;
}

function sendingOf(bytes: Uint8Array): Record<string, string> {
  return { sends: readStatement(bytes)?.what ?? '', phase: phaseOf({ bytes }) ?? '' };
}

function phaseOf({ bytes }: Pick<Packet, 'bytes'>): PhaseName | undefined {
  const phase = readStatement(bytes)?.phase;
  return phase === undefined ? undefined : PHASES[phase];
}
