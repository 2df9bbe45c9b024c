import type { DkgReport, Session } from '@witan/dkg';
import type { SectionReport } from '@witan/section';
import { sayDkg, saySection } from '../transcript.ts';
import type { SimNode, SimProcess, Watcher, World } from '../world.ts';

/** What comes of a session, whoever had to ask whom on the way. */
const OUTCOME = ['closed', 'blame', 'done', 'failed', 'repaired'];
const USUAL = [...OUTCOME, 'asked', 'answered', 'stalled', 'resumed', 'repairing'];
const ALL = [...USUAL, 'phase', 'message', 'rejected', 'held', 'served', 'started'];
/** What is worth a line, `off` unless more or less is asked for. */
const TOLD = { few: new Set(OUTCOME), off: new Set(USUAL), on: new Set(ALL) } as const;
export type Details = keyof typeof TOLD;

export function isDetails(text: string): text is Details {
  return Object.hasOwn(TOLD, text);
}

/**
 * Lines about what happens, those of nodes that say the same in one line: `n0 n1 n3: closes complaining in view 0 …`.
 */
export class ScenarioLog implements Watcher {
  details: Details = 'off';
  readonly #world: World;
  /** What a liar says of itself is of no interest. */
  readonly #isHonest: (node: SimNode) => boolean;
  readonly #sessions: string[] = [];
  #lines = new Map<string, Set<string>>();

  constructor(world: World, isHonest: (node: SimNode) => boolean) {
    this.#world = world;
    this.#isHonest = isHonest;
  }

  /** What has happened since it was last taken. */
  take(): string[] {
    const lines = [...this.#lines].map(([text, who]) =>
      who.size === 0 ? text : `${[...who].sort().join(' ')}: ${text}`,
    );
    this.#lines = new Map();
    return lines;
  }

  say(text: string, who?: string): void {
    const known = this.#lines.get(text) ?? new Set();
    this.#lines.set(text, who === undefined ? known : known.add(who));
  }

  started(node: SimNode): void {
    if (node.starts > 1) this.say('starts again', node.label);
  }

  killed(node: SimNode, keptUnsynced: boolean): void {
    this.say(keptUnsynced ? 'is killed' : 'is killed, unsynced writes are lost', node.label);
  }

  dkg({ name }: SimProcess, session: Session, report: DkgReport): void {
    const node = this.#world.nodeOf(name);
    // A coordinator follows what the nodes do; what is wrong with it the checkers tell.
    if (!node || !TOLD[this.details].has(report.type) || !this.#isHonest(node)) return;
    const text = sayDkg(report, (name) => this.#world.label(name));
    if (text !== undefined) this.say(`${this.#which(session)}${text}`, node.label);
  }

  section({ name }: SimProcess, report: SectionReport): void {
    const node = this.#world.nodeOf(name);
    if (!node) return;
    const isNews = report.type === 'decided' || report.type === 'equivocation' || report.type === 'share';
    if ((!isNews && this.details !== 'on') || !this.#isHonest(node)) return;
    // Who decides and who hears of it is a matter of milliseconds.
    const text = saySection(report, (name) => this.#world.label(name))?.replace('learns', 'decides');
    if (text !== undefined) this.say(text, node.label);
  }

  trouble(node: SimProcess, what: string, error: unknown): void {
    this.say(`TROUBLE ${what}: ${error instanceof Error ? error.message : String(error)}`, node.label);
  }

  /** Sessions are told apart once there is more than one. */
  #which({ id }: Session): string {
    if (!this.#sessions.includes(id)) this.#sessions.push(id);
    const at = this.#sessions.indexOf(id);
    return at === 0 ? '' : `session ${at + 1}: `;
  }
}
