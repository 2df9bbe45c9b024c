import {
  openWithEphemeral,
  pedersenHolds,
  scalarFromBytes,
  toHex,
  verifySignature,
  x25519PublicFromEd25519,
} from '@witan/crypto';
import { type Blame, type BlameReason, forms, Phase, type Session, type State } from '@witan/dkg';
import { isWitanError, unlessBad } from '@witan/errors';
import { openEnvelope } from '@witan/wire';
import { NETWORK_TAG } from '../network-tag.ts';
import { readPoint } from '../points.ts';
import { readStatement, type Statement, saidIn } from '../statement.ts';
import { Answers } from './answers.ts';
import type { MakeChecker } from './checker.ts';
import { type Context, couldBeHonest, isAsDealt } from './validity.ts';

export type Claim = Pick<Blame, 'node' | 'reason' | 'evidence'>;

/** Honest nodes blame only the others, and what they show for it proves it to anyone. */
export const blameChecker: MakeChecker = (scene) => {
  const { world, isHonest, violated } = scene;
  const answers = new Answers(scene);
  return {
    killed: (...told) => answers.killed(...told),
    dkg: (node, session, report) => {
      answers.dkg(node, session, report);
      if (report.type !== 'blame' || !isHonest(node)) return;
      const flaw = flawOf(session, report, node.sessions?.all.get(session.id)?.state);
      const what = `${report.reason} by ${world.label(report.node)} in ${session.id.slice(0, 6)}`;
      if (flaw !== undefined) violated('blame-proves', node.label, `${what}: ${flaw}`);
      const blamed = world.nodeOf(report.node);
      if (!blamed || !isHonest(blamed)) return;
      if (!isSilence(report)) violated('honest-unblamed', node.label, what);
      else if (!answers.wasAway(session, report.node))
        violated('honest-unblamed', node.label, `${what}, though all heard it answer`);
    },
    section: (node, report) => {
      if (report.type !== 'equivocation' || !isHonest(node)) return;
      const flaw = equivocationFlaw(report.node, report.evidence);
      if (flaw !== undefined) violated('blame-proves', node.label, `equivocation in the section: ${flaw}`);
      const blamed = world.nodeOf(report.node);
      if (blamed && isHonest(blamed)) violated('honest-unblamed', node.label, `equivocation by ${blamed.label}`);
    },
  };
};

/** Of an accused dealer it is shown that it was silent, and no lie: so may be one that was away when it had to answer. */
export function isSilence({ reason, evidence }: Claim): boolean {
  return reason === 'not-justified' && !messages(evidence).some((each) => each.what === 'justification');
}

/**
 * What is wrong with the evidence of a blame, read from its bytes, the session and what was agreed on in it; undefined if
 * it proves.
 * @param agreed for a message that is invalid after certain closes only, and a signature share: of one who has them
 */
export function flawOf(session: Session, claim: Claim, agreed: Agreed | undefined): string | undefined {
  try {
    for (const raw of claim.evidence) {
      const statement = readStatement(raw);
      if (!statement) continue;
      openEnvelope(raw, NETWORK_TAG);
      if (statement.session !== session.id) return 'evidence of another session';
    }
    return proofs[claim.reason]({ session, claim, found: messages(claim.evidence), agreed });
  } catch (error) {
    if (isWitanError(error)) return error.message;
    throw error;
  }
}

type Agreed = Context & Pick<State, 'outcome'>;

interface Case {
  readonly session: Session;
  readonly claim: Claim;
  readonly found: readonly Statement[];
  readonly agreed: Agreed | undefined;
}

const proofs: Readonly<Record<BlameReason, (given: Case) => string | undefined>> = {
  equivocation: ({ claim }) => equivocationFlaw(claim.node, claim.evidence),
  'invalid-message': ({ session, claim, found, agreed }) => {
    const [statement] = found;
    const isIts = found.length === 1 && statement!.author === claim.node && statement!.payload !== undefined;
    if (!isIts || !agreed) return 'not one message of the accused';
    return couldBeHonest(session, statement!, agreed) ? 'the message is valid' : undefined;
  },
  'too-many-complaints': ({ session, claim, found }) => {
    const dealer = session.indexOf.get(claim.node)!;
    const accusers = new Set(found.filter((each) => accuses(each, dealer)).map((each) => each.author));
    return accusers.size >= session.threshold ? undefined : `${accusers.size} accusers`;
  },
  'not-justified': (given) => {
    const { dealer, accuser, shown } = dispute(given, given.claim.node);
    if (!shown) return unansweredFlaw(given, dealer);
    return isJustified(given, dealer, accuser, shown) ? 'the dealer is justified' : undefined;
  },
  'false-accusation': (given) => {
    const dealt = given.found.find((each) => each.what === 'contribution');
    const { dealer, accuser, shown } = dispute(given, dealt?.author ?? '');
    if (given.session.participants[accuser]?.name !== given.claim.node) return 'the accuser is another';
    return shown && isJustified(given, dealer, accuser, shown) ? undefined : 'the dealer is not justified';
  },
  'false-commitment': ({ session, claim, found }) => {
    const dealt = payloadOf(found, 'contribution', claim.node);
    const committed = payloadOf(found, 'commitment', claim.node);
    if (!dealt || !committed) return 'a message is missing';
    const dealer = session.indexOf.get(claim.node)!;
    return isAsDealt(session, dealer, dealt.commitment, committed) ? 'the commitment is to what was dealt' : undefined;
  },
  'bad-signature-share': ({ session, claim, found, agreed }) => {
    const payload = payloadOf(found, 'finalisation', claim.node);
    const key = agreed?.outcome?.publicKeyShares[session.indexOf.get(claim.node)!];
    if (!payload || !key) return 'a message is missing';
    return unlessBad(() => verifySignature(key, forms.confirmationMessage(payload.transcript), payload.signature))
      ? 'the signature share is right'
      : undefined;
  },
};

function messages(evidence: readonly Uint8Array[]): readonly Statement[] {
  return evidence.flatMap((raw) => readStatement(raw) ?? []);
}

function equivocationFlaw(node: string, evidence: readonly Uint8Array[]): string | undefined {
  const [a, b] = messages(evidence.filter((raw) => openEnvelope(raw, NETWORK_TAG)));
  if (!a || !b || a.author !== node || b.author !== node) return 'not two messages of the accused';
  const other = saidIn(b);
  const differs = [...saidIn(a)].some(([slot, content]) => other.has(slot) && other.get(slot) !== content);
  return differs ? undefined : 'no two statements in one place';
}

function payloadOf<T extends forms.PayloadType>(found: readonly Statement[], type: T, author: string) {
  const payload = found.find((each) => each.what === type && each.author === author)?.payload;
  return payload as forms.PayloadOf<T> | undefined;
}

function accuses({ payload }: Statement, dealer: number): boolean {
  return payload?.type === 'complaining' && payload.accused.includes(dealer);
}

/** The parties of a dispute about one share, and the sealing secret that the dealer showed, if it did. */
function dispute({ session, found }: Case, dealerName: string) {
  const dealer = session.indexOf.get(dealerName) ?? -1;
  const complaint = found.find((each) => accuses(each, dealer));
  const accuser = session.indexOf.get(complaint?.author ?? '') ?? -1;
  const answer = payloadOf(found, 'justification', dealerName);
  const shown = answer?.answers.find((each) => each.accuser === accuser)?.secret;
  return { dealer, accuser, shown };
}

function isJustified({ session, found }: Case, dealer: number, accuser: number, secret: Uint8Array): boolean {
  const dealt = payloadOf(found, 'contribution', session.participants[dealer]?.name ?? '');
  const sealed = dealt?.shares[accuser];
  const receiver = session.participants[accuser];
  if (!dealt || !sealed || !receiver) return false;
  const announced = payloadOf(found, 'initialisation', receiver.name)?.ephemeral;
  const key = announced ?? x25519PublicFromEd25519(receiver.publicKey);
  const label = Buffer.from('witan/dkg/share/1');
  const context = new Uint8Array(Buffer.concat([label, session.idBytes, Buffer.of(dealer, accuser)]));
  const holds = unlessBad(() => {
    const opened = openWithEphemeral(secret, sealed.ephemeral, key, sealed.ciphertext, context);
    if (opened.length !== 64) return false;
    const share = { value: scalarFromBytes(opened.subarray(0, 32)), blind: scalarFromBytes(opened.subarray(32)) };
    return pedersenHolds(dealt.commitment.map(readPoint), accuser + 1, share);
  });
  return holds ?? false;
}

/** That the close of Justification includes no answer of the dealer. */
function unansweredFlaw({ session, claim }: Case, dealer: number): string | undefined {
  const certificate = claim.evidence.find((raw) => !readStatement(raw));
  if (!certificate) return 'nothing shows that the dealer did not answer';
  const close = forms.openClose(session, NETWORK_TAG, certificate);
  if (close.phase !== Phase.Justification) return 'a close of another phase';
  return close.included.has(dealer) ? `the dealer answered: ${toHex(Buffer.from(close.hash, 'hex'))}` : undefined;
}
