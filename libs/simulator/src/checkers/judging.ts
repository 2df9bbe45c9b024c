import { readStatement } from '../statement.ts';
import type { MakeChecker } from './checker.ts';
import { couldBeHonest } from './validity.ts';

/** Whoever is honest judges alike, participants and those who only follow: what is invalid counts for nobody. */
export const judgingChecker: MakeChecker = ({ world, isHonest, violated }) => ({
  dkg: (node, session, report) => {
    if (report.type !== 'message' || !isHonest(node)) return;
    const state = node.sessions?.all.get(session.id)?.state;
    const statement = readStatement(state?.variants.get(report.id)?.signed.raw ?? new Uint8Array(0));
    if (!state || !statement || couldBeHonest(session, statement, state)) return;
    violated('takes-valid', node.label, `an invalid ${statement.what} of ${world.label(report.from)}`);
  },
});
