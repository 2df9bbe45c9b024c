import {
  attestationMessage,
  certificateMessage,
  decisionHash,
  encodeCertified,
  encodeDecision,
  type LinkJson,
  linkToJson,
  makeBundle,
  NO_PARENT,
  verifyChain,
} from '@witan/chain';
import { encodeG1, Identity, keyPair, sha256, signShare, toHex } from '@witan/crypto';
import { networkTag } from '@witan/wire';

const NETWORK = networkTag('chaos-test');
const NODE = Identity.fromSeed(new Uint8Array(32).fill(9)).publicKey;
export const PAYLOAD = new TextEncoder().encode('paid');

/** Real links, a key each from these secrets: the genesis key first. */
function linksOf(secrets: readonly bigint[]) {
  const pairs = secrets.map(keyPair);
  let parent = NO_PARENT;
  const raws = pairs.map((pair, index) => {
    const key = encodeG1(pair.publicKey);
    const common = { network: NETWORK, prefix: '', generation: 3 * index, parent };
    const handover = { session: sha256(key), key, threshold: 1, elders: [NODE], publicKeyShares: [key] };
    const bytes = encodeDecision(
      index === 0
        ? { ...common, action: { type: 'genesis', node: NODE, key } }
        : { ...common, action: { type: 'handover', ...handover } },
    );
    parent = decisionHash(bytes);
    const signer = pairs[index - 1] ?? pair;
    return encodeCertified(bytes, 0, signShare(signer.secret, certificateMessage(parent, 0)));
  });
  return verifyChain(encodeG1(pairs[0]!.publicKey), raws);
}

/** Of chains that begin with the secret 100. */
export const GENESIS = toHex(encodeG1(keyPair(100n).publicKey));
export const chainOf = (...secrets: bigint[]): LinkJson[] => linksOf(secrets).map(linkToJson);

/** A proof by the last key of that chain. */
export function bundleOf(payload: Uint8Array, ...secrets: bigint[]) {
  const claim = { payloadHash: sha256(payload), context: 'chaos', signedAt: Date.UTC(2026, 0, 2) };
  const signer = keyPair(secrets.at(-1)!);
  return makeBundle(claim, signShare(signer.secret, attestationMessage(claim)), linksOf(secrets));
}
