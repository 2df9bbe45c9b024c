import type { State } from '@witan/section';
import { LIVE_MS } from './heartbeats.ts';

/** The section in numbers, for metrics. */
export interface SectionNumbers {
  readonly elders: number;
  readonly liveElders: number;
  readonly threshold: number;
  readonly generation: number;
  readonly members: number;
  readonly chainLength: number;
}

/** @param now on the clock that the state's events carry @returns undefined while no section is known */
export function sectionNumbers({ ledger, sight }: State, now: number): SectionNumbers | undefined {
  if (!ledger) return undefined;
  const live = ({ name }: { name: string }) => now - (sight.heard.get(name) ?? Number.NEGATIVE_INFINITY) < LIVE_MS;
  return {
    elders: ledger.elders.length,
    liveElders: ledger.elders.filter(live).length,
    threshold: ledger.threshold,
    generation: ledger.generation,
    members: ledger.members.size,
    chainLength: ledger.chain.length,
  };
}
