import type { ElderObserver } from '@witan/elder';
import { asWitanError } from '@witan/errors';
import type { Logger } from '@witan/observability';

const SAID = { crash: 'an actor was restarted', store: 'the journal fails; trying again' } as const;

/** An actor is named by its kind, as in the metrics; that of a session is `dkg/<session>` and names the session too. */
export function logTrouble(log: Logger): NonNullable<ElderObserver['trouble']> {
  return (what, error, name) => {
    const [actor, session] = name.split('/');
    const about = session === undefined ? { actor } : { actor, session };
    log.error({ event: what, ...about, err: asWitanError(error) }, SAID[what]);
  };
}
