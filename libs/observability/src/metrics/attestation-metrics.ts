import { counter, histogram, type Instruments, instruments, type Meter } from '../meter.ts';

export const ATTESTATION_METRICS = {
  attestations: counter({
    name: 'witan_attestations_total',
    help: "Requests for the section's signature, by how they ended",
    labels: { result: ['signed', 'no-quorum', 'failed'] },
  }),
  duration: histogram({
    name: 'witan_attestation_duration_seconds',
    help: 'From the request to a verified signature of the section',
    // One round trip and a threshold of signature shares is 5 to 30 ms; with dead elders one request timeout more.
    buckets: [0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.2, 2.5, 5, 10],
  }),
} as const;

export type AttestationMetrics = Instruments<typeof ATTESTATION_METRICS>;

export const attestationMetrics = (meter: Meter): AttestationMetrics => instruments(meter, ATTESTATION_METRICS);
