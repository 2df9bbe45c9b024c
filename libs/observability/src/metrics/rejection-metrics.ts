import type { WitanErrorCode } from '@witan/errors';
import { counter, type Instruments, instruments, type Meter } from '../meter.ts';

/** Why a message was not taken. */
const REJECTION_REASONS = [
  'malformed',
  'too-large',
  'invalid',
  'unsupported',
  'signature',
  'untrusted-key',
  'not-member',
  'not-participant',
  'wrong-session',
  'stale',
  'duplicate',
  'late',
  'equivocation',
  'overflow',
  'rate-limited',
  'not-ready',
  'clock',
  'internal',
] as const;
export type RejectionReason = (typeof REJECTION_REASONS)[number];

const REASON_OF_CODE: Readonly<Partial<Record<WitanErrorCode, RejectionReason>>> = {
  WITAN_ERR_MALFORMED: 'malformed',
  WITAN_ERR_TOO_LARGE: 'too-large',
  WITAN_ERR_INVALID: 'invalid',
  WITAN_ERR_UNSUPPORTED: 'unsupported',
  WITAN_ERR_SIGNATURE: 'signature',
  WITAN_ERR_UNTRUSTED_KEY: 'untrusted-key',
  WITAN_ERR_CHAIN: 'invalid',
  WITAN_ERR_NOT_MEMBER: 'not-member',
  WITAN_ERR_WRONG_SESSION: 'wrong-session',
  WITAN_ERR_STALE: 'stale',
  WITAN_ERR_RATE_LIMITED: 'rate-limited',
  WITAN_ERR_NOT_READY: 'not-ready',
  WITAN_ERR_CLOCK: 'clock',
};

/** The reason that an error stands for; `internal` for codes that no bad message should be able to cause. */
export const rejectionReason = (code: WitanErrorCode): RejectionReason => REASON_OF_CODE[code] ?? 'internal';

export const REJECTION_METRICS = {
  rejected: counter({
    name: 'witan_messages_rejected_total',
    help: 'Messages that were not taken and changed nothing, by where they came in and why',
    labels: { channel: ['dkg', 'decisions', 'events', 'request', 'reply'], reason: REJECTION_REASONS },
  }),
} as const;

export type RejectionMetrics = Instruments<typeof REJECTION_METRICS>;

export const rejectionMetrics = (meter: Meter): RejectionMetrics => instruments(meter, REJECTION_METRICS);
