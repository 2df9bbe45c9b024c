import {
  attestationMessage,
  certificateMessage,
  type Decision,
  decisionHash,
  encodeCertified,
  encodeDecision,
  type Link,
  makeBundle,
  NO_PARENT,
  type ProofBundle,
  verifyChain,
} from '@witan/chain';
import { encodeG1, Identity, type KeyPair, keyPair, sha256, signShare } from '@witan/crypto';
import { WitanError } from '@witan/errors';
import { networkTag } from '@witan/wire';

export const NETWORK = networkTag('test');
export const NODE = Identity.fromSeed(new Uint8Array(32).fill(7)).publicKey;
export const PAYLOAD = new TextEncoder().encode('release 1.2.3');
export const SIGNED_AT = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

export interface MadeChain {
  readonly pairs: readonly KeyPair[];
  readonly genesisKey: Uint8Array;
  /** Every decision: genesis, then a `dkg` and the handover to the key that it made, for each later key. */
  readonly decisions: readonly Uint8Array[];
  /** Those of them that are links, certified. */
  readonly raws: readonly Uint8Array[];
  readonly links: readonly Link[];
}

/** A chain of real signatures: the genesis key and `handovers` keys after it. `seed` makes another network. */
export function makeChain(handovers: number, seed = 1000n): MadeChain {
  const pairs = Array.from({ length: handovers + 1 }, (_, index) => keyPair(seed + BigInt(index)));
  const decisions: Uint8Array[] = [];
  const raws: Uint8Array[] = [];
  const decide = (action: Decision['action'], by: KeyPair): Uint8Array => {
    const last = decisions.at(-1);
    const parent = last ? decisionHash(last) : NO_PARENT;
    const bytes = encodeDecision({ network: NETWORK, prefix: '', generation: decisions.length, parent, action });
    decisions.push(bytes);
    return certify(bytes, by);
  };
  for (const [index, pair] of pairs.entries()) {
    const key = encodeG1(pair.publicKey);
    const before = pairs[index - 1];
    if (!before) {
      raws.push(decide({ type: 'genesis', node: NODE, key }, pair));
      continue;
    }
    decide({ type: 'dkg', chainLength: index, participants: [NODE], threshold: 1, attempt: 0 }, before);
    const session = decisionHash(decisions.at(-1)!);
    raws.push(decide({ type: 'handover', session, key, threshold: 1, elders: [NODE], publicKeyShares: [key] }, before));
  }
  const genesisKey = encodeG1(pairs[0]!.publicKey);
  return { pairs, genesisKey, decisions, raws, links: verifyChain(genesisKey, raws) };
}

/** A decision with the signature of `by`, who alone has the whole key, as decided in `view`. */
export function certify(decision: Uint8Array, by: KeyPair, view = 0): Uint8Array {
  return encodeCertified(decision, view, signShare(by.secret, certificateMessage(decisionHash(decision), view)));
}

export function makeProof(chain: MadeChain, payload = PAYLOAD): ProofBundle {
  const claim = { payloadHash: sha256(payload), context: 'release', signedAt: SIGNED_AT };
  const { secret } = chain.pairs.at(-1)!;
  return makeBundle(claim, signShare(secret, attestationMessage(claim)), chain.links);
}

/** The WitanError that `act` throws; anything else that it throws is passed on, and fails the test. */
export function refusal(act: () => unknown): WitanError {
  try {
    act();
  } catch (error) {
    if (error instanceof WitanError) return error;
    throw error;
  }
  throw new Error('not refused');
}
