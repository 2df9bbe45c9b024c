import { dkgMachine, type Event, type State } from '@witan/dkg';
import type { Machine } from '@witan/runtime';
import { isSpent, reportsOf, type Tally } from './tally.ts';

/** Our participant as it is, watched: what is held is not tried before its phase begins, and then once. */
export function witanNode(tally: Tally): Machine<State, Event> {
  const machine = dkgMachine();
  return {
    ...machine,
    step: (state, event) => {
      const step = machine.step(state, event);
      const reports = reportsOf(step.effects);
      const rejected = reports.filter((each) => each.type === 'rejected');
      const arrived = arrivals(event, state, step.state, reports.at(0)?.type === 'rejected');
      const recovered = reports.reduce((sum, each) => sum + (each.type === 'answered' ? each.recovered : 0), 0);
      // What is held and is not any more was put to the protocol in this step.
      const released = [...state.held.keys()].filter((id) => !step.state.held.has(id)).length;
      const failed = rejected.filter((each) => !isSpent(each)).length;
      tally.tried += arrived + recovered + released;
      tally.failed += failed;
      return step;
    },
  };
}

/** 1 if the event brought a message that was put to the protocol at once. */
function arrivals(event: Event, before: State, after: State, refused: boolean): number {
  if (event.type !== 'received' || refused) return 0;
  const heldNow = [...after.held.keys()].some((id) => !before.held.has(id));
  return heldNow ? 0 : 1;
}
