import { decodeG1, toHex } from '@witan/crypto';
import { WitanError } from '@witan/errors';
import { type Certified, openCertified, peekCertified } from './certificate.ts';
import type { Decision } from './decision.ts';

/** One link of the section chain: a decision that named a key, signed by the key before it. */
export interface Link {
  readonly index: number;
  readonly key: Uint8Array;
  readonly parentKey: Uint8Array;
  readonly reason: 'genesis' | 'handover';
  readonly certified: Certified;
}

/** The key that a decision makes the section's, if it is one that does. */
export function keyOf(decision: Decision): Uint8Array | undefined {
  return decision.action.type === 'genesis' || decision.action.type === 'handover' ? decision.action.key : undefined;
}

/**
 * Makes the link after `parent` (none: the genesis link, which signs itself). Verifies everything that a link claims.
 * @throws WitanError `WITAN_ERR_CHAIN`; `WITAN_ERR_MALFORMED`, `WITAN_ERR_INVALID` (no point, or one that is no key);
 *   what {@link openCertified} throws
 */
export function openLink(raw: Uint8Array, parent: Link | undefined): Link {
  const { decision } = peekCertified(raw);
  const key = keyOf(decision);
  if (!key) throw new WitanError('WITAN_ERR_CHAIN', `generation ${decision.generation} names no key`);
  const { type } = decision.action;
  if ((type === 'genesis') !== (parent === undefined)) {
    throw new WitanError('WITAN_ERR_CHAIN', type === 'genesis' ? 'a second genesis' : 'does not begin with genesis');
  }
  if (parent && decision.generation <= parent.certified.decision.generation) {
    throw new WitanError('WITAN_ERR_CHAIN', `generation ${decision.generation} does not follow its parent's`);
  }
  // Signed or not: under a key that is no point nothing could ever be signed, and the chain would end there.
  decodeG1(key);
  const parentKey = parent?.key ?? key;
  return {
    index: parent ? parent.index + 1 : 0,
    key,
    parentKey,
    reason: type as Link['reason'],
    certified: openCertified(raw, parentKey),
  };
}

/**
 * Verifies a whole chain against the genesis key, offline.
 * @param known a chain that has been verified: what is the same in both is not verified again
 * @throws WitanError `WITAN_ERR_UNTRUSTED_KEY` (another genesis), `WITAN_ERR_CHAIN` with the index of the first bad link
 */
export function verifyChain(
  genesisKey: Uint8Array,
  links: readonly Uint8Array[],
  known: readonly Link[] = [],
): readonly Link[] {
  const chain: Link[] = [];
  for (const [index, raw] of links.entries()) {
    let link: Link;
    try {
      link = knownLink(raw, chain, known) ?? openLink(raw, chain.at(-1));
    } catch (error) {
      const detail = error instanceof WitanError ? error.detail : String(error);
      throw new WitanError('WITAN_ERR_CHAIN', `link ${index}: ${detail}`, { data: { index }, cause: error });
    }
    if (index === 0 && Buffer.compare(link.key, genesisKey) !== 0) {
      throw new WitanError(
        'WITAN_ERR_UNTRUSTED_KEY',
        `the chain begins at ${toHex(link.key)}, not at the given genesis key`,
      );
    }
    chain.push(link);
  }
  if (chain.length === 0) throw new WitanError('WITAN_ERR_CHAIN', 'the chain is empty');
  return chain;
}

/** The link of `known` that these bytes are when they come after `chain`: whether one holds is up to its bytes and its parent's decision. */
function knownLink(raw: Uint8Array, chain: readonly Link[], known: readonly Link[]): Link | undefined {
  const link = known[chain.length];
  if (!link || Buffer.compare(link.certified.raw, raw) !== 0) return undefined;
  const [parent, knownParent] = [chain.at(-1), known[chain.length - 1]];
  // One decision may have two certificates, of different views.
  const isSame = !parent || Buffer.compare(parent.certified.bytes, knownParent!.certified.bytes) === 0;
  return isSame ? link : undefined;
}

/** The links after `from`, up to the last: what proves the current key to one who trusts `from`. */
export function proofFrom(chain: readonly Link[], from: Uint8Array): readonly Link[] {
  const at = chain.findIndex((link) => Buffer.compare(link.key, from) === 0);
  if (at < 0) throw new WitanError('WITAN_ERR_UNTRUSTED_KEY', 'the key was never a key of this section');
  return chain.slice(at + 1);
}
