import {
  attestationMessage,
  certificateMessage,
  type Decision,
  decisionHash,
  encodeCertified,
  encodeDecision,
  linkToJson,
  makeBundle,
  NO_PARENT,
  type ProofBundle,
  verifyChain,
} from '@witan/chain';
import { encodeG1, Identity, type KeyPair, keyPair, sha256, signShare, toHex } from '@witan/crypto';
import { networkTag } from '@witan/wire';

const NETWORK = networkTag('test');
const NODE = Identity.fromSeed(new Uint8Array(32).fill(7)).publicKey;
export const SIGNED_AT = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

/** A chain of real signatures: the genesis key and `handovers` keys after it. `seed` makes another network. */
export function makeChain(handovers: number, seed = 1000n) {
  const pairs = Array.from({ length: handovers + 1 }, (_, index) => keyPair(seed + BigInt(index)));
  const raws: Uint8Array[] = [];
  let parent = NO_PARENT;
  for (const [index, pair] of pairs.entries()) {
    const bytes = encodeDecision(decisionOf(index, pair, parent));
    parent = decisionHash(bytes);
    raws.push(encodeCertified(bytes, 0, signShare((pairs[index - 1] ?? pair).secret, certificateMessage(parent, 0))));
  }
  const genesis = keyBytes(pairs[0]!);
  const links = verifyChain(genesis, raws);
  return { genesisKey: toHex(genesis), links, json: links.map(linkToJson), last: pairs.at(-1)! };
}

export function makeProof(
  payload: Uint8Array,
  handovers = 2,
  seed = 1000n,
): { bundle: ProofBundle; genesisKey: string } {
  const { links, last, genesisKey } = makeChain(handovers, seed);
  const claim = { payloadHash: sha256(payload), context: 'release', signedAt: SIGNED_AT };
  return { bundle: makeBundle(claim, signShare(last.secret, attestationMessage(claim)), links), genesisKey };
}

function decisionOf(index: number, pair: KeyPair, parent: Uint8Array): Decision {
  const key = keyBytes(pair);
  const common = { network: NETWORK, prefix: '', generation: 3 * index, parent };
  if (index === 0) return { ...common, action: { type: 'genesis', node: NODE, key } };
  const handover = { session: sha256(key), key, threshold: 1, elders: [NODE], publicKeyShares: [key] };
  return { ...common, action: { type: 'handover', ...handover } };
}

function keyBytes(pair: KeyPair): Uint8Array {
  return encodeG1(pair.publicKey);
}
