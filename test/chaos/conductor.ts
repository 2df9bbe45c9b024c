import { setTimeout as pause } from 'node:timers/promises';
import type { ChainLink } from '@witan/api';
import { asWitanError, WitanError } from '@witan/errors';
import { Random } from '@witan/simulator';
import { calmOf, failedInCalm } from './calm.ts';
import { ChainWatch } from './chain-watch.ts';
import { PATIENCE_MS as CLIENT_PATIENCE_MS, Clients } from './clients.ts';
import { type Connect, connectWith } from './connect.ts';
import type { Experiment } from './experiments.ts';
import type { Episode, History, Mark, Operation, Violation } from './history.ts';
import { Operations } from './operations.ts';
import { demandProof } from './proof.ts';
import { SectionWatch, type Wholeness } from './section-watch.ts';
import { Stage } from './stage.ts';
import type { Ability, World } from './world.ts';

export interface RunOptions {
  readonly world: World;
  readonly experiments: readonly Experiment[];
  /**
   * For so long, ms: each experiment once, in an order that is drawn, and then whichever are drawn; without it each runs
   * once, in the order given.
   */
  readonly forMs?: number | undefined;
  readonly seed: number;
  readonly holdMs: number;
  readonly clients: number;
  /** Attestations that each client asks for in a second. */
  readonly ratePerS: number;
  /** Shown to gateways that want one. */
  readonly apiKey?: string | undefined;
  /** How long the section may take to be whole after a fault; three minutes unless given. */
  readonly patienceMs?: number;
  /** How long it has to stay whole to count as whole; five seconds unless given. */
  readonly steadyMs?: number;
  /** How long an experiment waits for what it needs, as `Stage` does unless given. */
  readonly waitMs?: number;
  /** Between two experiments, and two tries to put something right; two seconds unless given. */
  readonly calmMs?: number;
  /** Ends the run early, in order. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

export type Progress =
  | { readonly type: 'starting'; readonly text: string }
  | { readonly type: 'begins'; readonly experiment: Experiment; readonly index: number }
  | { readonly type: 'mark'; readonly mark: Mark }
  | { readonly type: 'operation'; readonly operation: Operation }
  | { readonly type: 'waits'; readonly why: string }
  | { readonly type: 'ends'; readonly episode: Episode }
  | { readonly type: 'violation'; readonly violation: Violation };

const PATIENCE_MS = 180_000;
/** Longer than a gateway takes somebody for alive that is not heard of: what it says right after a fault is of before. */
const STEADY_MS = 5_000;
const CALM_MS = 2_000;
const MEND_TRIES = 3;
const VIOLATIONS_KEPT = 1_000;

/** What an experiment puts right itself at its end, also where everything else comes back by itself. */
const BRINGS_BACK: ReadonlySet<Ability> = new Set<Ability>(['keep-down', 'restart', 'upgrade']);

/** One run: breaks things while clients ask, and writes down all that happens. */
export class Conductor {
  readonly #options: RunOptions;
  readonly #section: SectionWatch;
  readonly #random: Random;
  readonly #beganAt = performance.now();
  readonly #connect: Connect;
  readonly #operations = new Operations();
  readonly #episodes: Episode[] = [];
  readonly #violations: Violation[] = [];
  readonly #patienceMs: number;
  readonly #steadyMs: number;
  readonly #calmMs: number;
  readonly #complaints = new Set<string>();
  readonly #sessions = new Map<string, { state: string; blamed: boolean }>();
  #violationCount = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#patienceMs = options.patienceMs ?? PATIENCE_MS;
    this.#steadyMs = options.steadyMs ?? STEADY_MS;
    this.#calmMs = options.calmMs ?? CALM_MS;
    this.#connect = connectWith(options.apiKey);
    this.#section = new SectionWatch(options.world, this.#connect);
    this.#random = new Random(options.seed);
  }

  /**
   * Once clients ask there is a history, whatever fails: what goes wrong is written down in it.
   * @throws WitanError `WITAN_ERR_UNAVAILABLE` when the section does not come up in the first place
   */
  async run(): Promise<History> {
    const { world, seed, onProgress } = this.#options;
    const startedAt = new Date().toISOString();
    onProgress({ type: 'starting', text: `starting ${world.title}` });
    await world.start();
    const { ailment } = await this.#wholeness();
    if (this.#options.signal.aborted) throw new WitanError('WITAN_ERR_UNAVAILABLE', 'interrupted before it began');
    if (ailment !== undefined)
      throw new WitanError('WITAN_ERR_UNAVAILABLE', `the section does not come up: ${ailment}`);
    const { genesisKey } = await this.#section.ask((client) => client.network());
    const chain = new ChainWatch(genesisKey);
    await this.#learn(chain);
    const before = chain.length;
    const clients = this.#clients(chain);
    await this.#trying('the run was cut short', () => this.#experiments(chain));
    const askedUntilMs = this.#now();
    await this.#trying('clients did not end', () => clients.stop());
    this.#judgeCalm(askedUntilMs);
    await this.#judgeEnd(chain, genesisKey);
    const ends = [...this.#sessions.values()].map(({ state }) => state);
    const sessions = { done: countOf(ends, 'done'), failed: countOf(ends, 'failed') };
    return {
      world: world.title,
      seed,
      startedAt,
      endedMs: this.#now(),
      interrupted: this.#options.signal.aborted,
      genesisKey,
      operations: this.#operations,
      episodes: this.#episodes,
      violations: this.#violations,
      violationCount: this.#violationCount,
      chain: { before, after: chain.length },
      sessions,
    };
  }

  #clients(chain: ChainWatch): Clients {
    const { world, clients: count, ratePerS, onProgress } = this.#options;
    return new Clients({
      urls: () => world.urls(),
      connect: this.#connect,
      chain,
      now: this.#now,
      count,
      ratePerS,
      onOperation: (operation) => {
        this.#operations.add(operation);
        onProgress({ type: 'operation', operation });
      },
      onViolation: (what) => this.#violate(what),
    });
  }

  readonly #now = (): number => performance.now() - this.#beganAt;

  async #experiments(chain: ChainWatch): Promise<void> {
    const { signal } = this.#options;
    let index = 0;
    for (const experiment of this.#programme()) {
      if (signal.aborted || this.#operations.isFull) return;
      const isWhole = await this.#episode(experiment, index++);
      // What comes after would be judged for what this one left behind.
      if (!isWhole) return this.#section.loseHope();
      await this.#asking('the chain cannot be asked for', () => this.#learn(chain));
      await this.#asking('sessions cannot be asked for', () => this.#noteSessions());
      await this.#asking('what its parts tell cannot be asked for', () => this.#hear());
      await pause(this.#calmMs, undefined, { signal }).catch(() => {});
    }
  }

  *#programme(): Generator<Experiment> {
    const { experiments, forMs } = this.#options;
    if (forMs === undefined) {
      yield* experiments;
      return;
    }
    const endMs = this.#now() + forMs;
    for (const each of this.#random.sample(experiments, experiments.length)) if (this.#now() < endMs) yield each;
    const drawn = experiments.map((each) => [each.weight ?? 1, each] as const);
    while (this.#now() < endMs) yield this.#random.weighted(drawn);
  }

  /** @returns whether the section was whole again in time */
  async #episode(experiment: Experiment, index: number): Promise<boolean> {
    const { world, signal, holdMs, waitMs, onProgress } = this.#options;
    onProgress({ type: 'begins', experiment, index });
    const startedMs = this.#now();
    const marks: Mark[] = [];
    const stage = new Stage({
      world,
      section: this.#section,
      connect: this.#connect,
      random: this.#random,
      now: this.#now,
      signal,
      holdMs,
      waitMs,
      onMark: (mark) => {
        marks.push(mark);
        onProgress({ type: 'mark', mark });
      },
    });
    try {
      await experiment.run(stage);
    } catch (error) {
      if (!signal.aborted) stage.miss(`cut short: ${asWitanError(error).detail}`);
    }
    await this.#trying(`${experiment.name} was not put right`, () => this.#mend(stage));
    const mendedMs = this.#now();
    const { ailment, sinceMs } = await this.#wholeness();
    const healedMs = ailment === undefined ? sinceMs : undefined;
    // Of what was ended early nobody knows what would have come of it.
    const struck = signal.aborted && stage.hasStruck ? undefined : stage.hasStruck;
    if (ailment !== undefined && !signal.aborted) {
      this.#violate(`${experiment.name}: not healed in ${this.#patienceMs / 1000} s: ${ailment}`);
    }
    const { name, title, needs } = experiment;
    const revived = world.revivesItself && !needs.some((each) => BRINGS_BACK.has(each));
    const healsFromMs = revived ? (marks[0]?.atMs ?? startedMs) : mendedMs;
    const times = { startedMs, mendedMs, healsFromMs, healedMs };
    const episode: Episode = { experiment: name, title, ...times, struck, broke: stage.hasBroken, marks };
    this.#episodes.push(episode);
    onProgress({ type: 'ends', episode });
    return ailment === undefined;
  }

  /** What does not go at once may go a little later: a daemon is busy, a port is still taken. */
  async #mend(stage: Stage): Promise<void> {
    for (let left = MEND_TRIES - 1; left > 0; left--) {
      try {
        return await stage.mend();
      } catch (error) {
        stage.note(`not put right yet: ${asWitanError(error).detail}`);
        await pause(this.#calmMs);
      }
    }
    await stage.mend();
  }

  /** Where the run is ended early there is no telling what would have become of it. */
  #wholeness(): Promise<Wholeness> {
    const { signal, onProgress } = this.#options;
    return this.#section.whole({
      now: this.#now,
      patienceMs: this.#patienceMs,
      steadyMs: this.#steadyMs,
      signal,
      onWait: (why) => onProgress({ type: 'waits', why }),
    });
  }

  async #learn(chain: ChainWatch): Promise<void> {
    const links = await this.#section.ask(async (client) => {
      const all: ChainLink[] = [];
      for await (const link of client.eachLink({ prefix: 'root' })) all.push(link);
      return all;
    });
    const wrong = chain.learn(links);
    if (wrong !== undefined) this.#violate(wrong);
  }

  /** All nodes are honest: nothing that happens to them may look like a lie. */
  async #noteSessions(): Promise<void> {
    for (const { id, state, blame } of await this.#section.sessions()) {
      const blamed = blame.length > 0;
      if (blamed && !this.#sessions.get(id)?.blamed) {
        this.#violate(`an honest node was blamed in session ${id}: ${blame.map(({ reason }) => reason).join(', ')}`);
      }
      this.#sessions.set(id, { state, blamed });
    }
  }

  async #hear(): Promise<void> {
    for (const complaint of await this.#options.world.complaints()) {
      if (this.#complaints.has(complaint)) continue;
      this.#complaints.add(complaint);
      this.#violate(complaint);
    }
  }

  /** Who gets no proof while something is broken has bad luck; while nothing is, nobody may be refused one. */
  #judgeCalm(askedUntilMs: number): void {
    const calm = calmOf(this.#episodes, askedUntilMs);
    for (const { startedMs, endedMs } of failedInCalm(this.#operations, calm, VIOLATIONS_KEPT)) {
      const when = `from ${Math.round(startedMs)} ms to ${Math.round(endedMs)} ms`;
      this.#violate(`no attestation came ${when}, and the section was whole and nothing broken`);
    }
  }

  async #judgeEnd(chain: ChainWatch, genesisKey: string): Promise<void> {
    // One that did not heal has been waited for.
    const { signal } = this.#options;
    if (signal.aborted) this.#section.loseHope();
    else if (this.#episodes.at(-1)?.healedMs !== undefined || this.#episodes.length === 0) {
      const { ailment } = await this.#wholeness();
      if (signal.aborted) this.#section.loseHope();
      else if (ailment !== undefined) this.#violate(`in the end the section is not whole: ${ailment}`);
      else await this.#demandProofs(chain);
    }
    const known = chain.length;
    await this.#asking('in the end the chain cannot be asked for', () => this.#learn(chain));
    await this.#asking('in the end sessions cannot be asked for', () => this.#noteSessions());
    await this.#asking('in the end the network cannot be asked for', async () => {
      const now = await this.#section.ask((client) => client.network());
      if (now.genesisKey !== genesisKey) this.#violate(`there is another genesis key: ${now.genesisKey}`);
      const length = now.sections[0]?.chainLength ?? 0;
      if (length < known) this.#violate(`the chain has lost links: ${length} of ${known} are left`);
    });
    await this.#asking('in the end what its parts tell cannot be asked for', () => this.#hear());
  }

  async #demandProofs(chain: ChainWatch): Promise<void> {
    for (const url of this.#options.world.urls()) {
      const wrong = await demandProof(this.#connect, url, chain, Math.min(this.#patienceMs, CLIENT_PATIENCE_MS));
      if (wrong !== undefined) this.#violate(`in the end ${wrong}`);
    }
  }

  /** Who cannot be asked any more is a finding, and no reason to end without one. */
  async #trying(what: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.#violate(`${what}: ${asWitanError(error).detail}`);
    }
  }

  /** As `#trying`; where the run is ended early nobody waits for an answer either. */
  async #asking(what: string, act: () => Promise<void>): Promise<void> {
    if (this.#options.signal.aborted) await act().catch(() => {});
    else await this.#trying(what, act);
  }

  #violate(what: string): void {
    this.#violationCount++;
    if (this.#violations.length === VIOLATIONS_KEPT) return;
    const violation = { atMs: this.#now(), what };
    this.#violations.push(violation);
    this.#options.onProgress({ type: 'violation', violation });
  }
}

function countOf(ends: readonly string[], state: string): number {
  return ends.filter((each) => each === state).length;
}
