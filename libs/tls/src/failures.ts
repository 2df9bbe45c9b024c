import { WitanError } from '@witan/errors';

/** What OpenSSL refuses in a certificate of the other side, by the code that Node gives it. */
const REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'has expired',
  CERT_NOT_YET_VALID: 'is not valid yet: one of the two clocks may be wrong',
  CERT_REVOKED: 'was revoked',
  CERT_REJECTED: 'is not for this purpose',
  CERT_UNTRUSTED: 'is not trusted',
  CERT_CHAIN_TOO_LONG: 'is too far from its authority',
  CERT_SIGNATURE_FAILURE: 'is not signed by its authority',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'is signed by itself, and by no authority that is known here',
  SELF_SIGNED_CERT_IN_CHAIN: 'is of an authority that is not known here',
  UNABLE_TO_GET_ISSUER_CERT: 'is of an authority that is not known here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'is of an authority that is not known here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'is of an authority that is not known here',
  ERR_TLS_CERT_ALTNAME_INVALID: 'is for another name',
  INVALID_CA: 'is of an authority that may not sign it',
  INVALID_PURPOSE: 'is not for this purpose',
};

/** The error of a TLS connection as one of ours, if it is about the certificate of the other side. */
export function certificateFailure(error: unknown, whose: string): WitanError | undefined {
  const { code = '' } = error as { code?: string };
  if (!Object.hasOwn(REASONS, code)) return undefined;
  return new WitanError('WITAN_ERR_CERTIFICATE', `the certificate of ${whose} ${REASONS[code]} (${code})`, {
    cause: error,
  });
}
