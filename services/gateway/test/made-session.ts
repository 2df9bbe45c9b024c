import {
  type Certified,
  certificateMessage,
  decisionHash,
  encodeCertified,
  encodeDecision,
  openCertified,
  supermajority,
} from '@witan/chain';
import { encodeG1, Identity, keyPair, scalarFromHash, sha256, signShare, toHex } from '@witan/crypto';
import { networkTag } from '@witan/wire';

const utf8 = (text: string) => new Uint8Array(Buffer.from(text));
const GENESIS = keyPair(scalarFromHash(utf8('genesis'), 'gateway-tests'));
export const TAG = networkTag('gateway-tests');

/** In the order of their names. */
export function identities(count: number, family = 'node'): Identity[] {
  const all = Array.from({ length: count }, (_, i) => Identity.fromSeed(sha256(utf8(`${family} ${i}`))));
  return all.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A DkgStart of these, and the id of its session. */
export function startOf(
  members: readonly Identity[],
  generation = 2,
  attempt = 0,
): { certified: Certified; id: string } {
  const participants = members.map((each) => each.publicKey);
  const decision = encodeDecision({
    network: TAG,
    prefix: '',
    generation,
    parent: sha256(utf8(`before ${generation}`)),
    action: { type: 'dkg', chainLength: 1, participants, threshold: supermajority(members.length), attempt },
  });
  const signature = signShare(GENESIS.secret, certificateMessage(decisionHash(decision), 0));
  const certified = openCertified(encodeCertified(decision, 0, signature), encodeG1(GENESIS.publicKey));
  return { certified, id: toHex(certified.hash) };
}
