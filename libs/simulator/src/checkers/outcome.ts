import { encodeG1, mulBase, toHex } from '@witan/crypto';
import { PHASES, type State } from '@witan/dkg';
import type { SimProcess } from '../world.ts';
import type { MakeChecker } from './checker.ts';

/** Closes, qualified set, key and public key shares of a session are the same at every honest node; own shares fit. */
export const outcomeChecker: MakeChecker = ({ isHonest, violated }) => {
  const agreed = new Map<string, { readonly value: string; readonly by: string }>();

  const mustAgree = (what: string, value: string, node: SimProcess) => {
    const first = agreed.get(what);
    if (!first) agreed.set(what, { value, by: node.label });
    else if (first.value !== value)
      violated('one-outcome', node.label, `${what}: ${value}; ${first.by} has ${first.value}`);
  };

  const compareOutcome = (node: SimProcess, session: string, { outcome, me, secretShare }: State) => {
    if (!outcome) return;
    const short = session.slice(0, 6);
    mustAgree(`qualified set of ${short}`, String(outcome.qualified), node);
    mustAgree(`key of ${short}`, toHex(outcome.key), node);
    mustAgree(`public key shares of ${short}`, outcome.publicKeyShares.map(toHex).join(), node);
    mustAgree(`transcript of ${short}`, toHex(outcome.transcript), node);
    if (secretShare === undefined) return;
    const own = outcome.publicKeyShares[me];
    if (!own || toHex(encodeG1(mulBase(secretShare))) !== toHex(own)) {
      violated('share-is-right', node.label, `share ${me} of ${short}`);
    }
  };

  return {
    dkg: (node, session, report) => {
      if (!isHonest(node)) return;
      if (report.type !== 'closed' && report.type !== 'phase' && report.type !== 'done') return;
      const state = node.sessions?.all.get(session.id)?.state;
      if (!state) return;
      if (report.type === 'closed') {
        const close = state.closes[PHASES.indexOf(report.phase)];
        if (close) mustAgree(`close of ${report.phase} of ${session.id.slice(0, 6)}`, close.hash, node);
      } else compareOutcome(node, session.id, state);
    },
  };
};
