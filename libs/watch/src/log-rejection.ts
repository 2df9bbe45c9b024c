import type { Logger } from '@witan/observability';
import type { SectionReport } from '@witan/section';

type Rejection = Pick<Extract<SectionReport, { type: 'rejected' }>, 'reason' | 'detail'>;

const said = new WeakMap<Logger, Set<string>>();

/**
 * Most of what is not taken is nobody's concern. A network that is not the one configured, and nodes that are ahead of this
 * one, are this node's own: said once.
 */
export function logRejection(log: Logger, { reason, detail }: Rejection): void {
  log.debug({ event: 'rejected', reason, detail }, 'message not taken');
  if (reason === 'untrusted-key' && isFirst(log, reason)) {
    log.warn(
      { event: 'untrusted-genesis' },
      'the network on this bus has another genesis key than WITAN_GENESIS_KEY: nothing of it is believed',
    );
  }
  if (reason === 'unsupported' && isFirst(log, reason)) {
    log.warn(
      { event: 'newer-version', detail },
      'others are of a newer version: what they say is not understood until this service is upgraded',
    );
  }
}

function isFirst(log: Logger, reason: string): boolean {
  const reasons = said.get(log) ?? new Set();
  if (reasons.has(reason)) return false;
  said.set(log, reasons.add(reason));
  return true;
}
