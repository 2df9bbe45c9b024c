import { CODES, type WitanErrorCode } from '@witan/errors';
import { type Static, Type } from 'typebox';
import { Bytes, described, Hash, Nullable, Prefix, PublicKey, Signature, Time } from './primitives.ts';
import { ChainLink } from './section.ts';

/** Largest payload that can be attested, in bytes: only its hash is signed, so the bound is the gateway's memory. */
export const MAX_PAYLOAD_BYTES = 1024 * 1024;

export const Context = Type.String({
  maxLength: 256,
  pattern: '^[\\x20-\\x7e]*$',
  description:
    'Says what the signature is for, so that one made for one purpose cannot serve another. Signed with the payload',
});

export const AttestationRequest = Type.Object(
  { payload: Bytes, context: Type.Optional(Context) },
  { title: 'AttestationRequest', additionalProperties: false },
);
export type AttestationRequest = Static<typeof AttestationRequest>;

/**
 * Links of a bundle that a gateway checks. Whoever has a longer chain checks it offline: there only its bytes are bounded,
 * and a gateway hands out chains of any length, since each link of them is needed.
 */
export const MAX_CHAIN_LINKS = 5_000;

const CHAIN = 'Every link from genesis to `key`, in order';
const bundleFields = {
  payloadHash: Hash,
  context: Context,
  signedAt: Time,
  prefix: Prefix,
  key: PublicKey,
  signature: Signature,
  chain: Type.Array(ChainLink, { minItems: 1, description: CHAIN }),
};

export const ProofBundle = Type.Object(bundleFields, {
  title: 'ProofBundle',
  description: 'A section signature that verifies offline from the genesis key alone',
});
export type ProofBundle = Static<typeof ProofBundle>;

export const VerificationRequest = Type.Object(
  {
    ...bundleFields,
    chain: Type.Array(ChainLink, { minItems: 1, maxItems: MAX_CHAIN_LINKS, description: CHAIN }),
    payload: Type.Optional(Bytes),
  },
  {
    title: 'VerificationRequest',
    description: 'A proof bundle; with `payload`, also that it is the payload of the bundle',
  },
);
export type VerificationRequest = Static<typeof VerificationRequest>;

export const ErrorCode = Type.Enum(Object.keys(CODES) as WitanErrorCode[], { type: 'string', title: 'ErrorCode' });

export const VerificationResult = Type.Object(
  {
    valid: Type.Boolean(),
    genesisKey: described(PublicKey, 'What it was checked against: the genesis key of this network'),
    reason: Nullable(
      Type.Object(
        { code: ErrorCode, detail: Type.String() },
        { description: 'Why it does not hold; null when it does' },
      ),
    ),
  },
  { title: 'VerificationResult' },
);
export type VerificationResult = Static<typeof VerificationResult>;
