import type { AnyDefinition } from '../meter.ts';
import { actorDefinitions } from './actor-metrics.ts';
import { ANTI_ENTROPY_METRICS } from './anti-entropy-metrics.ts';
import { ATTESTATION_METRICS } from './attestation-metrics.ts';
import { BACKUP_METRICS } from './backup-metrics.ts';
import { BUS_METRICS } from './bus-metrics.ts';
import { CERTIFICATE_METRICS } from './certificate-metrics.ts';
import { DECISION_METRICS } from './decision-metrics.ts';
import { DKG_METRICS } from './dkg-metrics.ts';
import { httpDefinitions } from './http-metrics.ts';
import { JOURNAL_METRICS } from './journal-metrics.ts';
import { buildDefinition, PROCESS_METRICS } from './process-metrics.ts';
import { REJECTION_METRICS } from './rejection-metrics.ts';
import { SECTION_METRICS } from './section-metrics.ts';

/** Every metric there is, by concern: for the documentation, and for tests that look for dead ones. */
export const ALL_METRICS: Readonly<Record<string, readonly AnyDefinition[]>> = {
  dkg: Object.values(DKG_METRICS),
  'anti-entropy': Object.values(ANTI_ENTROPY_METRICS),
  decisions: Object.values(DECISION_METRICS),
  section: Object.values(SECTION_METRICS),
  attestations: Object.values(ATTESTATION_METRICS),
  rejections: Object.values(REJECTION_METRICS),
  actors: Object.values(actorDefinitions([])),
  journal: Object.values(JOURNAL_METRICS),
  backups: Object.values(BACKUP_METRICS),
  bus: Object.values(BUS_METRICS),
  certificates: Object.values(CERTIFICATE_METRICS),
  http: Object.values(httpDefinitions([])),
  process: [buildDefinition({ service: [], version: [], runtime: [] }), ...Object.values(PROCESS_METRICS)],
};
