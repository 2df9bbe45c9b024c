import type { DkgReport, Session } from '@witan/dkg';
import { FAIR, type Plan, type SimNode, simulate, type Violation, type Watcher, type World } from '../src/index.ts';

export const SEED = 3;
/** Nothing goes wrong by itself. */
export const CALM: Partial<Plan> = {
  nodes: 4,
  traitors: new Map(),
  coordinator: 'none',
  weathers: [FAIR],
  misfortuneMs: 0,
  dieWriting: 0,
  dieSending: 0,
  late: new Map(),
  stormMs: 4_000,
};

/** Sees what happens, and once makes the checkers see something else beside it. */
export type Fault = (see: Watcher, world: World) => Watcher;

export function violationsOf(fault: Fault | undefined, plan: Partial<Plan> = CALM): readonly Violation[] {
  const sabotage = (world: World): readonly Watcher[] => {
    const own: Watcher[] = [];
    const others = () => world.watchers.filter((each) => !own.includes(each));
    const see: Watcher = {
      sends: (...seen) => {
        for (const each of others()) each.sends?.(...seen);
      },
      dkg: (...seen) => {
        for (const each of others()) each.dkg?.(...seen);
      },
      section: (...seen) => {
        for (const each of others()) each.section?.(...seen);
      },
      trouble: (...seen) => {
        for (const each of others()) each.trouble?.(...seen);
      },
    };
    if (fault) own.push(fault(see, world));
    return own;
  };
  return simulate(SEED, { plan, sabotage }).violations;
}

/** Acts on the first that `act` says something about. */
export function once<Seen extends unknown[]>(act: (...seen: Seen) => boolean): (...seen: Seen) => void {
  let done = false;
  return (...seen) => {
    if (done) return;
    // Before it acts: what it makes the others see, it sees itself.
    done = true;
    done = act(...seen);
  };
}

export const onDkg = (type: DkgReport['type'], act: (node: SimNode, session: Session) => void): Watcher => ({
  dkg: once((node: SimNode, session: Session, report: DkgReport) => {
    if (report.type !== type) return false;
    act(node, session);
    return true;
  }),
});
