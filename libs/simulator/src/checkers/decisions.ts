import { decisionId, peekCertified, verifyChain } from '@witan/chain';
import { toHex } from '@witan/crypto';
import { isWitanError } from '@witan/errors';
import type { Ledger } from '@witan/section';
import type { SimProcess } from '../world.ts';
import type { MakeChecker } from './checker.ts';

/** One decision a generation, one successor a key, chains that verify, and nobody who forgets. */
export const decisionChecker: MakeChecker = ({ world, isHonest, violated }) => {
  const decided = new Map<number, { readonly id: string; readonly by: string }>();
  const successors = new Map<string, string>();
  const verified = new Set<string>();
  const reached = new Map<string, number>();
  let genesisKey: Uint8Array | undefined;

  const checkDecision = (node: SimProcess, generation: number, raw: Uint8Array) => {
    const id = decisionId(peekCertified(raw).bytes);
    const first = decided.get(generation);
    if (!first) decided.set(generation, { id, by: node.label });
    else if (first.id !== id) {
      violated(
        'one-decision',
        node.label,
        `generation ${generation}: ${id.slice(0, 8)}; ${first.by} has ${first.id.slice(0, 8)}`,
      );
    }
  };

  const checkChain = (node: SimProcess, { chain }: Ledger) => {
    for (const link of chain.slice(1)) {
      const [parent, key] = [toHex(link.parentKey), toHex(link.key)];
      const first = successors.get(parent);
      if (!first) successors.set(parent, key);
      else if (first !== key) violated('one-decision', node.label, `key ${parent.slice(0, 8)} has two successors`);
    }
    genesisKey ??= chain[0]!.key;
    const name = `${node.label} ${chain.length} ${toHex(chain.at(-1)!.key)}`;
    if (verified.has(name)) return;
    verified.add(name);
    try {
      const links = verifyChain(
        genesisKey,
        chain.map((link) => link.certified.raw),
      );
      if (links.some((link, at) => toHex(link.key) !== toHex(chain[at]!.key))) {
        violated('chain-verifies', node.label, 'verified keys are not the ledger’s');
      }
    } catch (error) {
      if (!isWitanError(error)) throw error;
      violated('chain-verifies', node.label, error.message);
    }
  };

  return {
    section: (node, report) => {
      if (!isHonest(node) || (report.type !== 'decided' && report.type !== 'ledger')) return;
      const { ledger } = report;
      const before = reached.get(node.label) ?? -1;
      // A coordinator keeps nothing: started again, it begins anew.
      if (ledger.generation < before && world.nodeOf(node.name)) {
        violated('no-rollback', node.label, `generation ${ledger.generation} after ${before}`);
      }
      reached.set(node.label, ledger.generation);
      const from = report.type === 'ledger' ? 0 : ledger.generation;
      for (let at = from; at <= ledger.generation; at++) checkDecision(node, at, ledger.decisions[at]!);
      checkChain(node, ledger);
    },
  };
};
