import type { Logger } from '@witan/observability';
import type { SectionRejectReason } from '@witan/section';

const warned = new WeakSet<Logger>();

/** Most of what is not taken is nobody's concern. A network that is not the one configured is this node's own: said once. */
export function logRejection(log: Logger, reason: SectionRejectReason): void {
  log.debug({ event: 'rejected', reason }, 'message not taken');
  if (reason !== 'untrusted-key' || warned.has(log)) return;
  warned.add(log);
  log.warn(
    { event: 'untrusted-genesis' },
    'the network on this bus has another genesis key than WITAN_GENESIS_KEY: nothing of it is believed',
  );
}
