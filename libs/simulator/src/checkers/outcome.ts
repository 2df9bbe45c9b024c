import { encodeG1, interpolateAt, modAdd, mulBase, type Scalar, shareX, toHex } from '@witan/crypto';
import { PHASES, type State } from '@witan/dkg';
import type { SimProcess } from '../world.ts';
import type { MakeChecker } from './checker.ts';

/**
 * Closes, qualified set, key and public key shares of a session are the same at every honest node; own shares fit; and the key is
 * that of the secret that was dealt, whatever its dealers have shown since.
 */
export const outcomeChecker: MakeChecker = ({ world, isHonest, violated }) => {
  const dealt = new Set<string>();
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

  const compareDealt = (node: SimProcess, session: string, { outcome, session: { threshold } }: State) => {
    if (!outcome || dealt.has(session)) return;
    const honest = world.nodes.filter(isHonest).flatMap((each) => each.sessions?.all.get(session)?.state ?? []);
    let secret: Scalar = 0n;
    for (const dealer of outcome.qualified) {
      const held = honest.flatMap(({ me, shares }) => {
        const share = shares.get(dealer);
        return share ? [{ x: shareX(me), y: share.value }] : [];
      });
      // So many have not been there: it cannot be told.
      if (held.length < threshold) return;
      secret = modAdd(secret, interpolateAt(held.slice(0, threshold), 0));
    }
    dealt.add(session);
    const key = toHex(encodeG1(mulBase(secret)));
    if (toHex(outcome.key) !== key)
      violated('key-is-dealt', node.label, `key of ${session.slice(0, 6)}: ${key} was dealt`);
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
        return;
      }
      compareOutcome(node, session.id, state);
      compareDealt(node, session.id, state);
    },
  };
};
