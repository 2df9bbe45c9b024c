import { type Scalar, scalarToBytes, toHex } from '@witan/crypto';
import type { Fact } from './facts.ts';
import type { Ledger } from './ledger.ts';
import { freshAgreement, type State, votingShare } from './state.ts';
import type { Turn } from './turn.ts';

/** A share of a section key that this node has as long as the section has that key. */
export function takeShare(turn: Turn, key: Uint8Array, share: Scalar): void {
  const { ledger, shares } = turn.state;
  const id = toHex(key);
  // The section may have gone on while the share was on its way.
  if (shares.has(id) || (ledger && earlierKeys(ledger).has(id))) return;
  turn.persist({ type: 'share', key, share: scalarToBytes(share) });
  rememberShare(turn, key, share);
}

export function rememberShare(turn: Turn, key: Uint8Array, share: Scalar): void {
  turn.update({ shares: new Map(turn.state.shares).set(toHex(key), share) });
  const { ledger, agreement: current } = turn.state;
  // An elder that followed without its share begins to vote now.
  if (ledger && current && current.options.me < 0 && votingShare(turn.state) !== undefined) {
    turn.update({ agreement: freshAgreement(turn.state, ledger) });
    turn.report({ type: 'share', at: turn.at, usable: true, key: ledger.key });
  }
}

/**
 * Destroys the shares of keys that the section has left, on disk too. Nothing needs them any more: what they decided is
 * certified, and asked again an elder signs under the current key. But as many as made a decision (for the genesis key
 * one) could make another one in its place, which would verify from genesis as well.
 *
 * The journal is rewritten in the transaction in which the handover gets there: there is no moment with a share too
 * many, nor one with something missing. The share of the new key is with its session until it is taken here.
 */
export function destroyOldShares(turn: Turn): void {
  const { ledger, shares } = turn.state;
  if (!ledger || shares.size === 0) return;
  const earlier = earlierKeys(ledger);
  const kept = new Map([...shares].filter(([key]) => !earlier.has(key)));
  if (kept.size === shares.size) return;
  turn.update({ shares: kept });
  rewrite(turn, ledger);
}

/** What recovery needs takes the place of all that was written down. */
export function rewrite(turn: Turn, ledger: Ledger): void {
  turn.update({ votesWritten: turn.state.votes.length });
  turn.compact(factsOf(turn.state, ledger));
}

/** In an order in which each finds what it follows. */
function factsOf({ shares, votes, sight }: State, { decisions, pending }: Ledger): readonly Fact[] {
  const blamed = (pending && sight.sessions.get(pending.id)?.blamed) ?? [];
  return [
    ...decisions.map((raw) => ({ type: 'decided', raw }) as const),
    ...blamed.map((name) => {
      return { type: 'blamed', session: Buffer.from(pending!.id, 'hex'), nodes: [Buffer.from(name, 'hex')] } as const;
    }),
    ...[...shares].map(([key, share]) => {
      return { type: 'share', key: Buffer.from(key, 'hex'), share: scalarToBytes(share) } as const;
    }),
    ...votes,
  ];
}

/** In hex. */
function earlierKeys({ chain, key }: Ledger): ReadonlySet<string> {
  const keys = new Set(chain.map((link) => toHex(link.key)));
  keys.delete(toHex(key));
  return keys;
}
