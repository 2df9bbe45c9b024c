import { isOver, type WitanEvent } from '@witan/api';
import { names, plural, sectionHealth } from '@witan/cli';
import type { Picture } from './feed.ts';
import type { Memory } from './memory.ts';
import type { ProcessStatus } from './supervisor.ts';

/** Everything that is shown, at one moment. */
export interface ClusterState {
  readonly nodes: number;
  /** Elders of a section that has enough nodes; 0 while no elder has said so. */
  readonly elderCount: number;
  readonly resuming: boolean;
  readonly stopping: boolean;
  readonly elapsedMs: number;
  readonly processes: readonly ProcessStatus[];
  readonly picture: Picture;
  readonly repairs: { readonly requests: number; readonly messages: number };
  readonly summary: Summary | undefined;
}

/** What a person is told once the section has its key. */
export interface Summary {
  readonly resumed: boolean;
  readonly tookMs: number;
  readonly genesisKey: string;
  readonly sectionKey: string;
  readonly chainLength: number;
  readonly threshold: number;
  readonly elders: number;
  readonly url: string;
  readonly metrics: readonly { readonly name: string; readonly url: string }[];
  readonly memory: Memory | undefined;
  readonly dataDir: string;
}

/** Something that happened, for those who want lines and not a screen. */
export type Note =
  | { readonly type: 'begin'; readonly nodes: number; readonly dataDir: string; readonly resuming: boolean }
  | { readonly type: 'remark'; readonly detail: string }
  | { readonly type: 'waiting'; readonly detail: string }
  | { readonly type: 'process'; readonly process: ProcessStatus; readonly detail?: string | undefined }
  | { readonly type: 'event'; readonly event: WitanEvent }
  | { readonly type: 'ready'; readonly summary: Summary }
  | { readonly type: 'stopping'; readonly reason: string }
  | { readonly type: 'stopped'; readonly tookMs: number; readonly restarts: number };

/** What is missed while the key is not there yet. */
export function missing({ processes, picture: { section, session }, ...sizes }: ClusterState): string {
  const late = processes.filter(({ state }) => state !== 'ready').map(({ name }) => name);
  if (late.length > 0) {
    const more = late.length > 3 ? ` and ${late.length - 3} more` : '';
    return `waits for ${late.slice(0, 3).join(', ')}${more} to be ready`;
  }
  if (section === undefined) return 'waits for the first decision of the section';
  const { usable } = sectionHealth(section);
  const elders = `${plural(section.elders.length, 'elder')} of ${eldersOf(sizes)}, ${usable} can sign, ${section.threshold} needed`;
  if (session === undefined || isOver(session)) return `the section has ${elders}`;
  const whom = session.waitingOn.length > 0 ? `, waits for ${names(session.waitingOn)}` : '';
  return `the section has ${elders}; DKG in ${session.phase}${whom}`;
}

/** The section has the elders that so many nodes can give it, and enough of them can sign. */
export function isComplete({ section }: Picture, sizes: Sizes): boolean {
  if (section === undefined) return false;
  return section.elders.length === eldersOf(sizes) && sectionHealth(section).spare >= 0;
}

type Sizes = Pick<ClusterState, 'nodes' | 'elderCount'>;

function eldersOf({ nodes, elderCount }: Sizes): number {
  return Math.min(elderCount, nodes);
}
