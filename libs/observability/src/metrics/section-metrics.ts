import { type Gauge, gauge, instruments, type Meter } from '../meter.ts';

export const SECTION_METRICS = {
  isElder: gauge({
    name: 'witan_node_is_elder',
    help: '1 if this node is an elder under the current section key, else 0',
  }),
  usableShare: gauge({
    name: 'witan_elder_usable_share',
    help: '1 if this node holds a usable share of the current section key, 0 if it is an elder without one or no elder',
  }),
  elders: gauge({ name: 'witan_section_elders', help: 'Elders under the current section key' }),
  liveElders: gauge({ name: 'witan_section_live_elders', help: 'Elders heard from within the liveness window' }),
  threshold: gauge({ name: 'witan_section_threshold', help: 'Elders that must sign' }),
  quorumMargin: gauge({
    name: 'witan_section_quorum_margin',
    help: 'Live elders minus the threshold: below 0 the section can sign nothing, at 0 the next loss stops it',
  }),
  generation: gauge({ name: 'witan_section_generation', help: 'Generation of the last decision applied' }),
  members: gauge({ name: 'witan_section_members', help: 'Nodes of the section' }),
  chainLength: gauge({ name: 'witan_section_chain_length', help: 'Keys in the section chain, genesis included' }),
} as const;

/** The section as this process sees it now. */
export interface SectionView {
  readonly elders: number;
  readonly liveElders: number;
  readonly threshold: number;
  readonly generation: number;
  readonly members: number;
  readonly chainLength: number;
}

/** The part that this node has in it now. */
export interface OwnPart {
  readonly isElder: boolean;
  readonly usableShare: boolean;
}

/**
 * Keeps the section's gauges true: `read` is asked at each scrape. Before it knows a section (`undefined`) there are
 * no series, so that no alert fires on a zero that nobody measured. `own` is asked where there can be a key share.
 */
export function watchSection(meter: Meter, read: () => SectionView | undefined, own?: () => OwnPart): void {
  const metrics = instruments(meter, SECTION_METRICS);
  const follow = (target: Gauge, value: (view: SectionView) => number): void =>
    target.collect((set) => {
      const view = read();
      if (view !== undefined) set(value(view));
    });
  follow(metrics.elders, (view) => view.elders);
  follow(metrics.liveElders, (view) => view.liveElders);
  follow(metrics.threshold, (view) => view.threshold);
  follow(metrics.quorumMargin, (view) => view.liveElders - view.threshold);
  follow(metrics.generation, (view) => view.generation);
  follow(metrics.members, (view) => view.members);
  follow(metrics.chainLength, (view) => view.chainLength);
  if (own === undefined) return;
  metrics.isElder.collect((set) => set(own().isElder ? 1 : 0));
  metrics.usableShare.collect((set) => set(own().usableShare ? 1 : 0));
}
