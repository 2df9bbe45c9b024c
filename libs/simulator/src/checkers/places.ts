import { type ActionOf, peekCertified, tolerated } from '@witan/chain';
import { nodeName } from '@witan/crypto';
import type { Ledger, Sight } from '@witan/section';
import type { SimNode } from '../world.ts';
import { isSilence } from './blame.ts';
import type { MakeChecker } from './checker.ts';

/**
 * A further attempt at a key has no fewer participants for the silence of some: among fewer, those who lie could be more
 * than may be. What empties a place is a proof, and of one that is no elder yet also that it was not heard for long.
 */
export const placesChecker: MakeChecker = ({ world, isHonest, violated }) => {
  const liars = new Set<string>();
  /** Whom an honest elder that votes on a generation has not heard for as long as would cost an elder its place. */
  const away = new Map<number, Set<string>>();
  const seen = new Set<number>();

  const note = (node: SimNode | undefined, generation: number | undefined, participants: readonly string[] = []) => {
    const { sight, env } = node?.elder?.state ?? {};
    if (!sight || !env || generation === undefined) return;
    const gone = participants.filter((name) => silenceMs(sight, name) > env.params.policy.absentAfterMs);
    away.set(generation, new Set([...(away.get(generation) ?? []), ...gone]));
  };

  return {
    sends: (node, { about }) => {
      if (!node || !isHonest(node) || !about.endsWith('.decisions')) return;
      const ledger = node.elder?.state.ledger;
      note(node, ledger && ledger.generation + 1, ledger?.pending?.participants);
    },
    dkg: (process, _session, report) => {
      if (report.type === 'blame' && isHonest(process) && !isSilence(report)) liars.add(report.node);
    },
    section: (process, report) => {
      if (!isHonest(process) || report.type !== 'decided') return;
      const { generation, action } = report.certified.decision;
      if (action.type !== 'dkg' || action.attempt === 0 || seen.has(generation)) return;
      seen.add(generation);
      const { ledger } = report;
      const isFaulty = ({ name }: { readonly name: string }) => !isHonest(world.nodeOf(name)!);
      // They decide what they like.
      if (ledger.elders.filter(isFaulty).length > tolerated(ledger.elders.length)) return;
      const now = new Set(action.participants.map(nodeName));
      const before = attemptBefore(ledger, generation);
      // One alone proposes, votes and decides at once.
      note(world.nodeOf(process.name), generation, before);
      const isElder = (name: string) => ledger.elders.some((elder) => elder.name === name);
      const mayGo = (name: string) => liars.has(name) || (!isElder(name) && away.get(generation)?.has(name));
      const left = before.filter((name) => !now.has(name));
      if (before.length - now.size <= left.filter(mayGo).length) return;
      const labels = left.map((name) => world.label(name)).join(' ');
      violated(
        'places-kept',
        process.label,
        `generation ${generation}: ${now.size} after ${before.length}, without ${labels}`,
      );
    },
  };
};

function silenceMs({ at, since, heard }: Sight, name: string): number {
  return at - (heard.get(name) ?? since);
}

/** Who took part in it. */
function attemptBefore({ decisions }: Ledger, generation: number): readonly string[] {
  const actions = decisions.slice(0, generation).map((raw) => peekCertified(raw).decision.action);
  return (actions.findLast(({ type }) => type === 'dkg') as ActionOf<'dkg'>).participants.map(nodeName);
}
