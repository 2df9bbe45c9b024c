import { gauge, instruments, type Meter } from '../meter.ts';

const USES = ['nats', 'metrics', 'api'] as const;
export type CertificateUse = (typeof USES)[number];

export const CERTIFICATE_METRICS = {
  expiry: gauge({
    name: 'witan_tls_certificate_expiry_timestamp_seconds',
    help: 'When the first certificate of the own chain expires, by what it is shown for, since the epoch; none without one',
    labels: { use: USES },
  }),
} as const;

/**
 * Read at each scrape.
 * @param expiryMs by use: milliseconds since the epoch, undefined where that is not known
 */
export function watchCertificates(
  meter: Meter,
  expiryMs: () => Readonly<Partial<Record<CertificateUse, number | undefined>>>,
): void {
  instruments(meter, CERTIFICATE_METRICS).expiry.collect((set) => {
    for (const [use, at] of Object.entries(expiryMs())) {
      if (at !== undefined) set({ use: use as CertificateUse }, at / 1000);
    }
  });
}
