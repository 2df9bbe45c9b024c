import type { DkgReport, Session } from '@witan/dkg';
import type { SectionReport } from '@witan/section';
import type { SimNode, SimProcess, Watcher, World } from './world.ts';

/** The story of a run, a line for each thing that a reader would want to know. */
export class Transcript implements Watcher {
  readonly lines: string[] = [];
  readonly #world: World;
  readonly #full: boolean;

  /** Without `full` only what is noted by hand. */
  constructor(world: World, full: boolean) {
    this.#world = world;
    this.#full = full;
  }

  note(text: string): void {
    this.lines.push(`${this.#world.clock.now().toFixed(0).padStart(7)}  ${text}`);
  }

  started(node: SimNode): void {
    if (this.#full) this.note(`${node.label} starts${node.starts > 1 ? ` again (${node.starts})` : ''}`);
  }

  killed(node: SimNode, keptUnsynced: boolean): void {
    if (this.#full) this.note(`${node.label} is killed${keptUnsynced ? '' : ', unsynced writes are lost'}`);
  }

  dkg(node: SimProcess, session: Session, report: DkgReport): void {
    if (!this.#full) return;
    const text = sayDkg(report, (name) => this.#world.label(name));
    if (text !== undefined) this.note(`${node.label} ${session.id.slice(0, 6)} ${text}`);
  }

  section(node: SimProcess, report: SectionReport): void {
    if (!this.#full) return;
    const text = saySection(report, (name) => this.#world.label(name));
    if (text !== undefined) this.note(`${node.label} ${text}`);
  }

  trouble(node: SimNode, what: string, error: unknown): void {
    this.note(`${node.label} TROUBLE ${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

type Label = (name: string) => string;

/** Undefined for what would only fill the page. */
export function sayDkg(report: DkgReport, label: Label): string | undefined {
  const all = (names: readonly string[]) => names.map(label).join(' ');
  switch (report.type) {
    case 'started':
      return `${report.restarted ? 'resumes' : 'begins'}, participants ${all(report.participants)}`;
    case 'phase':
      return `enters ${report.phase}, ${report.expected} expected`;
    case 'message':
      return `takes ${report.phase} of ${label(report.from)}`;
    case 'rejected':
      return report.reason === 'duplicate' ? undefined : `rejects a message in ${report.phase}: ${report.reason}`;
    case 'held':
      return `holds ${report.count}`;
    case 'closed':
      return `closes ${report.phase} in view ${report.view} with ${all(report.included) || 'nobody'}`;
    case 'asked':
      return `asks ${label(report.to)}: ${report.reason}`;
    case 'answered':
      return `is answered by ${label(report.from)}: ${report.result}, ${report.recovered} recovered`;
    case 'served':
      return `serves ${label(report.to)} ${report.items} items${report.limited ? ', rate limited' : ''}`;
    case 'blame':
      return `blames ${label(report.node)} for ${report.reason} in ${report.phase}`;
    case 'stalled':
      return `is stalled in ${report.phase}, waits for ${all(report.waitingOn)}`;
    case 'resumed':
      return `goes on in ${report.phase}`;
    case 'done':
      return `is done, ${report.usableShare ? 'with' : 'without'} a usable share`;
    case 'repairing':
      return `asks for its share, attempt ${report.attempt}: mask by ${all(report.dealers)}`;
    case 'repaired':
      return `has its share from the others, attempt ${report.attempts}`;
    case 'failed':
      return `has failed: ${report.reason}`;
  }
}

export function saySection(report: SectionReport, label: Label): string | undefined {
  switch (report.type) {
    case 'ledger':
      return `recovers generation ${report.ledger.generation}`;
    case 'decided': {
      const { action, generation } = report.certified.decision;
      const elders =
        action.type === 'handover' ? ` to ${report.ledger.elders.map((each) => label(each.name)).join(' ')}` : '';
      return `${report.source === 'own' ? 'decides' : 'learns'} generation ${generation}: ${action.type}${elders}`;
    }
    case 'share':
      return 'has a share of the section key';
    case 'rejected':
      return report.reason === 'duplicate' ? undefined : `rejects a message about the section: ${report.reason}`;
    case 'equivocation':
      return `blames ${label(report.node)} for equivocation in the section`;
    case 'view':
      return `is in view ${report.view} of generation ${report.generation}, waits for ${report.waitingOn.map(label).join(' ')}`;
    case 'asked':
      return `asks ${label(report.to) || 'anyone'} about the section: ${report.reason}`;
    case 'answered':
      return `is answered by ${label(report.from) || 'someone'} about the section: ${report.result}, ${report.recovered} recovered`;
    case 'served':
      return undefined;
  }
}
