import { toHex } from '@witan/crypto';
import type { Logger } from '@witan/observability';
import type { SectionReport } from '@witan/section';

/** Of the hash of a decision: nobody makes two that begin alike by chance. */
const TOLD_BYTES = 8;

/** A decision that was applied, with the session that it is about and the key that it brings, if it has them. */
export function logDecision(log: Logger, { certified, source }: Extract<SectionReport, { type: 'decided' }>): void {
  const { action, generation } = certified.decision;
  const about =
    action.type === 'dkg'
      ? { session: toHex(certified.hash) }
      : action.type === 'handover'
        ? { session: toHex(action.session), key: toHex(action.key) }
        : {};
  // Of one generation there is one decision, whatever it is about: these show when two processes have different ones.
  const decision = toHex(certified.hash.subarray(0, TOLD_BYTES));
  const fields = {
    event: 'decided',
    generation,
    action: action.type,
    decision,
    view: certified.view,
    source,
    ...about,
  };
  log.info(fields, `decided: ${action.type}`);
}
