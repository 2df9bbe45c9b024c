import { type AttestationClaim, attestationMessage, makeBundle, type ProofBundle } from '@witan/chain';
import { combineVerified, type SignatureShare } from '@witan/crypto';
import { type SignAnswer, signAnswerCodec, signRequestCodec, type Transport } from '@witan/elder';
import { isWitanError, WitanError } from '@witan/errors';
import type { Ledger } from '@witan/section';
import { decode, encode } from '@witan/wire';

const ELDER_TIMEOUT_MS = 2000;

export interface AttestObserver {
  /** An answer that cannot be read, or a share that is bad. */
  readonly refused: (error: WitanError) => void;
  /** A share under another key than this gateway knows as the section's. */
  readonly otherKey: () => void;
}

/**
 * Asks every elder for its share, and combines as soon as a threshold of shares gives a signature that verifies. A bad
 * share costs its elder its place in this one signature, and nothing else.
 *
 * @throws WitanError `WITAN_ERR_NO_QUORUM` when all have answered or had their time, with the names of those who gave none
 */
export function attest(
  transport: Transport,
  ledger: Ledger,
  claim: AttestationClaim,
  { refused, otherKey }: AttestObserver,
): Promise<ProofBundle> {
  const request = encode(signRequestCodec, claim);
  const shares = new Map<number, SignatureShare>();
  const lying = new Set<number>();
  const { promise, resolve, reject } = Promise.withResolvers<ProofBundle>();
  let answers = 0;

  const tryToCombine = (): boolean => {
    if (shares.size < ledger.threshold) return false;
    const combined = combineVerified({
      publicKey: ledger.key,
      publicKeyShares: ledger.elders.map((elder) => elder.publicKeyShare),
      message: attestationMessage(claim),
      shares: [...shares.values()],
      threshold: ledger.threshold,
    });
    if ('bad' in combined) {
      for (const index of combined.bad) {
        shares.delete(index);
        lying.add(index);
        refused(new WitanError('WITAN_ERR_SIGNATURE', `the signature share of elder ${index} is bad`));
      }
      return false;
    }
    resolve(makeBundle(claim, combined.signature, ledger.chain));
    return true;
  };

  for (const elder of ledger.elders) {
    transport.request(elder.name, 'sign', request, ELDER_TIMEOUT_MS, (result) => {
      answers++;
      const answer = result.ok ? readAnswer(result.bytes, refused) : undefined;
      const isOther = answer?.type === 'share' && Buffer.compare(answer.key, ledger.key) !== 0;
      if (isOther) otherKey();
      const isShare = answer?.type === 'share' && !isOther && answer.index === elder.index;
      if (isShare && !lying.has(elder.index)) {
        shares.set(elder.index, { index: elder.index, signature: answer.signature });
        if (tryToCombine()) return;
      }
      if (answers < ledger.elders.length) return;
      const waitingOn = ledger.elders.filter((each) => !shares.has(each.index)).map((each) => each.name);
      reject(
        new WitanError('WITAN_ERR_NO_QUORUM', `${shares.size} of ${ledger.threshold} signature shares came`, {
          data: { waitingOn },
        }),
      );
    });
  }
  return promise;
}

function readAnswer(bytes: Uint8Array, refused: (error: WitanError) => void): SignAnswer | undefined {
  try {
    return decode(signAnswerCodec, bytes);
  } catch (error) {
    if (!isWitanError(error)) throw error;
    refused(error);
    return undefined;
  }
}
