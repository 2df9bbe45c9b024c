import { attestationMessage, tolerated } from '@witan/chain';
import { combineVerified, type SignatureShare, sha256, toHex } from '@witan/crypto';
import { isDone } from '@witan/dkg';
import { signAnswerCodec, signRequestCodec } from '@witan/elder';
import { currentShare, elderIndex, type Ledger } from '@witan/section';
import { decode, encode } from '@witan/wire';
import type { SimCoordinator, SimNode, World } from './world.ts';

/** What keeps a healed section from being at rest; empty when nothing does. */
export function unrest(
  honest: readonly SimNode[],
  elderCount: number,
  coordinator?: SimCoordinator,
): readonly string[] {
  const reasons: string[] = [];
  let first: Ledger | undefined;
  for (const node of honest) {
    const state = node.elder?.state;
    const ledger = state?.ledger;
    if (!state || !ledger) {
      reasons.push(`${node.label} knows no section`);
      continue;
    }
    first ??= ledger;
    if (toHex(ledger.head) !== toHex(first.head)) {
      reasons.push(`${node.label} is at generation ${ledger.generation}, ${honest[0]!.label} at ${first.generation}`);
    }
    if (!ledger.members.has(node.name)) reasons.push(`${node.label} is no member`);
    if (elderIndex(state) >= 0 && currentShare(state) === undefined) reasons.push(`${node.label} has no usable share`);
    if (state.agreement?.candidate) reasons.push(`${node.label} wants something decided`);
  }
  if (coordinator && first) reasons.push(...lagging(coordinator, first));
  if (first?.pending)
    reasons.push(`session ${first.pending.id.slice(0, 6)} is pending, attempt ${first.pending.attempt}`);
  const wanted = Math.min(elderCount, honest.length);
  if (first && first.elders.length < wanted) reasons.push(`${first.elders.length} elders where ${wanted} could be`);
  return reasons;
}

/** A coordinator has followed the section, and the session that made its key, to the end. */
function lagging({ label, ledger, sessions }: SimCoordinator, { head, generation, origin }: Ledger): readonly string[] {
  if (!ledger || toHex(ledger.head) !== toHex(head)) {
    return [`${label} is at generation ${ledger?.generation}, the section at ${generation}`];
  }
  const session = origin && sessions?.all.get(origin.id);
  return session && !isDone(session.state) ? [`${label} has not seen the end of session ${origin.id.slice(0, 6)}`] : [];
}

/**
 * Whether more elders are Byzantine than their number tolerates: sections of two or three, on their way to more, tolerate
 * none, and nobody promises that they get anywhere.
 */
export function isOverrun(honest: readonly SimNode[]): boolean {
  return honest.some(({ elder }) => {
    const elders = elder?.state.ledger?.elders ?? [];
    const liars = elders.filter(({ name }) => !honest.some((node) => node.name === name));
    return liars.length > tolerated(elders.length);
  });
}

const SIGN_WITHIN_MS = 3_000;

/** Asks the honest elders for an attestation, as a client does. Undefined when it comes about, else what is wrong. */
export function attestationFlaw(world: World, honest: readonly SimNode[]): string | undefined {
  const ledger = honest[0]?.elder?.state.ledger;
  if (!ledger) return 'no section';
  const signedAt = 1_700_000_000_000 + Math.floor(world.clock.now());
  const claim = { payloadHash: sha256(new TextEncoder().encode('anything')), context: 'simulator', signedAt };
  const shares: SignatureShare[] = [];
  const client = world.network.attach('client');
  const elders = ledger.elders.filter((elder) => honest.some((node) => node.name === elder.name));
  for (const elder of elders) {
    client.request(elder.name, 'sign', encode(signRequestCodec, claim), 1_000, (result) => {
      if (!result.ok) return;
      const answer = decode(signAnswerCodec, result.bytes);
      if (answer.type === 'share') shares.push({ index: answer.index, signature: answer.signature });
    });
  }
  world.run(SIGN_WITHIN_MS, () => shares.length === elders.length);
  world.network.detach('client');
  if (shares.length < ledger.threshold) return `${shares.length} signature shares where ${ledger.threshold} are needed`;
  const combined = combineVerified({
    publicKey: ledger.key,
    publicKeyShares: ledger.elders.map((each) => each.publicKeyShare),
    message: attestationMessage(claim),
    shares,
    threshold: ledger.threshold,
  });
  return 'bad' in combined ? `bad signature shares of ${combined.bad}` : undefined;
}
