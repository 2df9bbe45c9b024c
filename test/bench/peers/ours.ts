import {
  combineVerified,
  decodeG1,
  encodeG1,
  feldmanHolds,
  findBadPedersenShares,
  type G1Point,
  pedersenCommit,
  publicKeyShares,
  secureRandom,
  signShare,
  sumCommitments,
} from '@witan/crypto';
import type { Library } from './work.ts';

/** The functions that a DKG session calls. */
export const ours: Library<G1Point> = {
  name: '@witan/crypto',
  commit: (f, g) => {
    const { pedersen, feldman } = pedersenCommit(f, g);
    return { pedersen: pedersen.map(encodeG1), feldman: feldman.map(encodeG1) };
  },
  verifyShares: (x, dealt) => {
    const dealings = dealt.map(({ commitment, value, blind }) => ({
      commitment: commitment.map(decodeG1),
      share: { value, blind },
    }));
    return findBadPedersenShares(x, dealings, secureRandom(32)).length === 0;
  },
  feldmanSum: (x, commitments, value) => {
    const sum = sumCommitments(commitments.map((commitment) => commitment.map(decodeG1)));
    return feldmanHolds(sum, x, value) ? sum : undefined;
  },
  keyShares: (sum, count) => publicKeyShares(sum, count).map(encodeG1),
  sign: signShare,
  combine: (key, message, shares) => {
    const threshold = shares.length;
    // Nobody's share is looked at alone unless the signature is false.
    const publicKeyShares = Array.from({ length: 1 + Math.max(...shares.map((each) => each.index)) }, () => key);
    const combined = combineVerified({ publicKey: key, publicKeyShares, message, shares, threshold });
    return 'signature' in combined ? combined.signature : undefined;
  },
};
