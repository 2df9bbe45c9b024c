import { toHex } from '@witan/crypto';
import type { Logger } from '@witan/observability';
import type { SectionReport } from '@witan/section';

/** A decision that was applied, with the session that it is about and the key that it brings, if it has them. */
export function logDecision(log: Logger, { certified, source }: Extract<SectionReport, { type: 'decided' }>): void {
  const { action, generation } = certified.decision;
  const about =
    action.type === 'dkg'
      ? { session: toHex(certified.hash) }
      : action.type === 'handover'
        ? { session: toHex(action.session), key: toHex(action.key) }
        : {};
  const fields = { event: 'decided', generation, action: action.type, view: certified.view, source, ...about };
  log.info(fields, `decided: ${action.type}`);
}
