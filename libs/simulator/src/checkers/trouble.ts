import type { MakeChecker } from './checker.ts';

/** Actors do not crash, effects do not fail, and what was held is applied once, to effect. */
export const troubleChecker: MakeChecker = ({ world, isHonest, violated }) => ({
  trouble: (node, what, error) => {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    violated('no-trouble', node.label, `${what}: ${detail}`);
  },
  dkg: (node, session, report) => {
    if (report.type !== 'rejected' || !report.heldFrom || !isHonest(node)) return;
    const author = world.nodeOf(report.heldFrom);
    if (!author || !isHonest(author)) return;
    violated('held-apply', node.label, `${report.reason}: a message of ${author.label} in ${session.id.slice(0, 6)}`);
  },
});
