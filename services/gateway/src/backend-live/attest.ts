import { type AttestationClaim, attestationMessage, makeBundle, type ProofBundle } from '@witan/chain';
import { combineVerified, type SignatureShare } from '@witan/crypto';
import { type SignAnswer, signAnswerCodec, signRequestCodec, type Transport } from '@witan/elder';
import { CODES, errorCode, isWitanError, WitanError, type WitanErrorCode } from '@witan/errors';
import type { Clock } from '@witan/runtime';
import type { Ledger } from '@witan/section';
import { decode, encode } from '@witan/wire';

const ELDER_TIMEOUT_MS = 2000;

/** While a key is handed over, elders sign under the one or the other: then they are asked again, so often. */
const TRIES = 10;
const TRY_AGAIN_MS = 100;
/** When the last try may begin: one with silent elders takes two seconds, and clients wait for ten. */
const LAST_TRY_MS = 3000;

export interface AttestOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** As it is known at the moment. @throws when none is */
  readonly ledger: () => Ledger;
  /** An answer that cannot be read, or a share that is bad. */
  readonly refused: (error: WitanError) => void;
}

/**
 * Has the elders sign.
 *
 * @throws WitanError `WITAN_ERR_NO_QUORUM` when all have answered or had their time, with the names of those who gave none
 *   (`waitingOn`) and what those of them say who refuse (`refusals`)
 */
export async function attest(
  { transport, clock, ledger: known, refused }: AttestOptions,
  claim: AttestationClaim,
): Promise<ProofBundle> {
  const startedAt = clock.now();
  for (let tries = 1; ; tries++) {
    const ledger = known();
    let isBetweenKeys = false;
    const otherKey = () => {
      isBetweenKeys = true;
    };
    try {
      return await attestOnce(transport, ledger, claim, { refused, otherKey });
    } catch (error) {
      isBetweenKeys ||= known().key !== ledger.key;
      const isLast = tries === TRIES || clock.now() - startedAt >= LAST_TRY_MS;
      if (errorCode(error) !== 'WITAN_ERR_NO_QUORUM' || !isBetweenKeys || isLast) throw error;
      await new Promise<void>((resolve) => clock.setTimer(TRY_AGAIN_MS, resolve));
    }
  }
}

interface Told {
  readonly refused: AttestOptions['refused'];
  /** A share under another key than this gateway knows as the section's. */
  readonly otherKey: () => void;
}

/**
 * Asks every elder for its share, and combines as soon as a threshold of shares gives a signature that verifies. A bad
 * share costs its elder its place in this one signature, and nothing else.
 */
function attestOnce(
  transport: Transport,
  ledger: Ledger,
  claim: AttestationClaim,
  { refused, otherKey }: Told,
): Promise<ProofBundle> {
  const request = encode(signRequestCodec, claim);
  const shares = new Map<number, SignatureShare>();
  const lying = new Set<number>();
  const refusals = new Map<string, WitanErrorCode>();
  const { promise, resolve, reject } = Promise.withResolvers<ProofBundle>();
  let answers = 0;
  let isSigned = false;

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
    isSigned = true;
    resolve(makeBundle(claim, combined.signature, ledger.chain));
    return true;
  };

  for (const elder of ledger.elders) {
    transport.request(elder.name, 'sign', request, ELDER_TIMEOUT_MS, (result) => {
      answers++;
      const answer = result.ok ? readAnswer(result.bytes, refused) : undefined;
      const isOther = answer?.type === 'share' && Buffer.compare(answer.key, ledger.key) !== 0;
      if (isOther) otherKey();
      if (answer?.type === 'refused') refusals.set(elder.name, answer.code);
      const isShare = answer?.type === 'share' && !isOther && answer.index === elder.index;
      if (isShare && !lying.has(elder.index)) {
        shares.set(elder.index, { index: elder.index, signature: answer.signature });
        // Those that answer last are not needed, and to combine once more costs as much as the first time.
        if (isSigned || tryToCombine()) return;
      }
      if (answers < ledger.elders.length) return;
      reject(noQuorum(ledger, shares, refusals));
    });
  }
  return promise;
}

function noQuorum(
  { elders, threshold }: Ledger,
  shares: ReadonlyMap<number, SignatureShare>,
  refusedBy: ReadonlyMap<string, WitanErrorCode>,
): WitanError {
  const waitingOn = elders.filter(({ index }) => !shares.has(index)).map(({ name }) => name);
  const refusals = elders.flatMap(({ name }) => {
    const code = refusedBy.get(name);
    return code ? [{ name, code }] : [];
  });
  const detail = `${shares.size} of ${threshold} signature shares came${inWords(refusals)}`;
  return new WitanError('WITAN_ERR_NO_QUORUM', detail, {
    data: { waitingOn, ...(refusals.length > 0 && { refusals }) },
  });
}

/** Why elders say that they do not sign, and how many: `; 3 elders refuse with WITAN_ERR_CLOCK (clocks differ)`. */
function inWords(refusals: readonly { readonly code: WitanErrorCode }[]): string {
  return [...Map.groupBy(refusals, ({ code }) => code)]
    .map(([code, { length }]) => {
      const who = length === 1 ? '1 elder refuses' : `${length} elders refuse`;
      return `; ${who} with ${code} (${CODES[code].title.toLowerCase()})`;
    })
    .join('');
}

type Answer = Extract<SignAnswer, { type: 'share' }> | { readonly type: 'refused'; readonly code: WitanErrorCode };

/** An elder's own words go no further: all that is kept of a refusal is its code, which has to be one of the closed set. */
function readAnswer(bytes: Uint8Array, refused: (error: WitanError) => void): Answer | undefined {
  try {
    const answer = decode(signAnswerCodec, bytes);
    if (answer.type === 'share') return answer;
    if (isCode(answer.code)) return { type: 'refused', code: answer.code };
    throw new WitanError('WITAN_ERR_MALFORMED', 'a refusal whose code is none');
  } catch (error) {
    if (!isWitanError(error)) throw error;
    refused(error);
    return undefined;
  }
}

function isCode(text: string): text is WitanErrorCode {
  return Object.hasOwn(CODES, text);
}
