import { toHex, verifySignature } from '@witan/crypto';
import { unlessBad } from '@witan/errors';
import { openEnvelope, type Signed } from '@witan/wire';
import { followed, openMessage } from './messages.ts';
import { confirmationMessage } from './result.ts';
import type { Session } from './session.ts';
import type { Blame } from './state.ts';
import { openBallot, openProposal } from './votes.ts';

/*
 * A blame is judged alike by all honest participants, but for two reasons that one of them may be alone to see: that
 * somebody said two things in one place, and that a signature share does not fit. What it shows for these proves them to
 * anyone who knows the session, also if who shows it lies.
 */

/**
 * Whether what is shown proves the claim, read from nothing but the bytes. False as well for reasons that cannot be
 * proven to one who has not followed the session: these need witnesses.
 * @param publicKeyShares of the session's key by index, 48 bytes each, where it is known
 */
export function proves(
  session: Session,
  network: Uint8Array,
  { node, reason, evidence }: Pick<Blame, 'node' | 'reason' | 'evidence'>,
  publicKeyShares?: readonly Uint8Array[],
): boolean {
  if (reason !== 'equivocation' && reason !== 'bad-signature-share') return false;
  const holds = unlessBad(() => {
    const said = evidence.map((raw) => openEnvelope(raw, network));
    if (said.some(({ author }) => author !== node)) return false;
    if (reason === 'equivocation') return contradict(session, said);
    const key = publicKeyShares?.[session.indexOf.get(node) ?? -1];
    return key !== undefined && said.some((signed) => isBadShare(session, signed, key));
  });
  return holds ?? false;
}

function contradict(session: Session, [first, second]: readonly Signed[]): boolean {
  if (!first || !second) return false;
  const other = saidIn(session, second);
  return [...saidIn(session, first)].some(([place, content]) => other.has(place) && other.get(place) !== content);
}

/** What is said where: an honest author says one thing in one place, for ever. */
function saidIn(session: Session, signed: Signed): ReadonlyMap<string, string> {
  const said = new Map<string, string>();
  // All bodies of a session begin with its id.
  if (Buffer.compare(signed.body.subarray(0, session.idBytes.length), session.idBytes) !== 0) return said;
  if (signed.kind === 'dkgMessage') {
    const message = openMessage(signed.body);
    const { payload } = message;
    const place = payload.type === 'opening' ? `opening ${payload.dealer}` : payload.type;
    // A message that followed a close that did not come is said again after the one that did.
    said.set(`${place} after ${toHex(followed(message))}`, signed.id);
  }
  if (signed.kind === 'dkgProposal') {
    const { phase, proposal } = openProposal(signed.body);
    said.set(`proposal ${phase} ${proposal.view}`, signed.id);
  }
  const ballot = openBallot(signed);
  if (ballot) {
    const { view, step, value, fast, extra } = ballot.vote;
    said.set(`${step} ${ballot.phase} ${view}`, `${value && toHex(value)} ${fast} ${toHex(extra)}`);
  }
  return said;
}

function isBadShare({ idBytes }: Session, { kind, body }: Signed, key: Uint8Array): boolean {
  if (kind !== 'dkgMessage') return false;
  const { session, payload } = openMessage(body);
  if (Buffer.compare(session, idBytes) !== 0 || payload.type !== 'finalisation') return false;
  const { transcript, signature } = payload;
  return unlessBad(() => verifySignature(key, confirmationMessage(transcript), signature)) !== true;
}
