import { Identity, toHex } from '@witan/crypto';
import { type DkgReport, isDone, isPhase, PHASES, type PhaseName, type Session } from '@witan/dkg';
import { currentShare, elderIndex, type Policy } from '@witan/section';
import { LyingCoordinator } from '../byzantine/coordinator.ts';
import { LIE_KINDS, type LieKind } from '../byzantine/kinds.ts';
import type { Checker, Invariant } from '../checkers/checker.ts';
import { CHECKERS } from '../checkers/index.ts';
import { FAIR, type Outgoing, type Packet, type Ruling } from '../network.ts';
import { Random } from '../random.ts';
import { readStatement } from '../statement.ts';
import { type SimNode, World } from '../world.ts';
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
  readonly from: readonly SimNode[] | undefined;
  readonly to: readonly SimNode[] | undefined;
  /** Only the first so many. */
  times: number;
}

/** When a node is killed: as it is about to send something, or as it enters a phase. */
export type Moment = { readonly sends: string } | { readonly enters: PhaseName } | { readonly writes: PhaseName };

export type Goal = 'done' | 'failed' | 'stalled' | 'handover' | 'started' | `closed:${PhaseName}` | `in:${PhaseName}`;

/** A section on which a scenario plays: what a test or a scenario file can do to it, step by step. */
export class Stage {
  readonly world: World;
  readonly log: ScenarioLog;
  readonly #liars = new Map<SimNode, ScriptedLiar>();
  readonly #rules: { readonly filter: Filter; readonly ruling: Ruling }[] = [];
  readonly #killings: { readonly node: SimNode; readonly moment: Moment; readonly keepUnsynced: boolean }[] = [];
  readonly #heard: { readonly session: string; readonly what: string; readonly topic: string; raw: Uint8Array }[] = [];
  readonly #checkers: Checker[];
  /** Kinds of decisions that were made, and whether a session has failed. */
  readonly #reached = new Set<string>();
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
    this.world.onSend = (node, outgoing) => this.#maybeKill(node, { sends: readStatement(outgoing.bytes)?.what ?? '' });
    this.world.onWrite = (node, when, stream) => {
      if (when === 'after' && stream.startsWith('dkg/')) this.#maybeKill(node, { writes: this.#phaseOf(node) });
    };
    this.log = new ScenarioLog(this.world, (node) => !this.#accused.has(node));
    const violated = (invariant: Invariant, node: string, detail: string) =>
      this.log.say(`VIOLATION of ${invariant}: ${detail}`, node);
    const scene = { world: this.world, violated, isHonest: (node: SimNode) => !this.#accused.has(node) };
    this.#checkers = CHECKERS.map((make) => make(scene));
    this.world.watchers.push(this.log, ...this.#checkers, {
      dkg: (node, session, report) => this.#onDkg(node, session, report),
      section: (_node, report) => {
        if (report.type === 'decided') this.#reached.add(report.certified.decision.action.type);
      },
      sends: (_node, outgoing) => this.#remember(outgoing),
    });
    this.world.startAll();
    this.world.run(JOIN_WITHIN_MS, () => this.world.nodes.every(isMember));
    this.log.take();
  }

  /** Nodes that lie: nothing is demanded of them. */
  readonly #accused = new Set<SimNode>();

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
    if (lying) new LyingCoordinator(this.world, this.#random.fork(), () => {});
    else this.world.startCoordinator(Identity.fromSeed(this.#random.bytes(32)));
  }

  kill(node: SimNode, keepUnsynced = true): void {
    this.world.kill(node, keepUnsynced);
  }

  killWhen(node: SimNode, moment: Moment, keepUnsynced = true): void {
    this.#killings.push({ node, moment, keepUnsynced });
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
    if (goal === 'started') return this.#reached.has('dkg');
    if (goal === 'failed') return this.#reached.has('failed');
    if (goal === 'handover') return this.#allSettled();
    const [kind, phase] = goal.split(':') as [string, PhaseName | undefined];
    const up = this.world.nodes.filter((node) => node.elder && !this.#accused.has(node));
    return up.every((node) => {
      const state = [...node.elder!.sessions.all.values()].at(-1)?.state;
      if (!state) return false;
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

  #rule(packet: Packet): Ruling {
    for (const { filter, ruling } of this.#rules) {
      if (filter.times <= 0 || !this.#fits(filter, packet)) continue;
      filter.times--;
      return ruling;
    }
    return 'pass';
  }

  #fits({ what, phase, from, to }: Filter, packet: Packet): boolean {
    if (phase !== undefined && phaseOf(packet) !== phase) return false;
    const isOf = (nodes: readonly SimNode[] | undefined, name: string) =>
      nodes === undefined || nodes.some((node) => node.name === name);
    return isOf(from, packet.from) && isOf(to, packet.to) && (what === undefined || whatIs(packet) === what);
  }

  #maybeKill(node: SimNode, now: Record<string, string>): void {
    const at = this.#killings.findIndex(({ node: victim, moment }) => {
      return victim === node && Object.entries(moment).every(([name, value]) => now[name] === value);
    });
    const [killing] = at < 0 ? [] : this.#killings.splice(at, 1);
    if (killing) this.world.kill(node, killing.keepUnsynced);
  }

  #onDkg(node: SimNode, _session: Session, report: DkgReport): void {
    if (report.type === 'phase') this.#maybeKill(node, { enters: report.phase });
    else if (report.type === 'failed') this.#reached.add('failed');
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

function phaseOf({ bytes }: Packet): PhaseName | undefined {
  const phase = readStatement(bytes)?.phase;
  return phase === undefined ? undefined : PHASES[phase];
}
