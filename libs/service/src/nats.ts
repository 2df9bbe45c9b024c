import { type Bus, type BusEvent, connectNats } from '@witan/bus';
import type { ConfigOf } from '@witan/config';
import type { Logger } from '@witan/observability';
import { tlsPaths } from './server-tls.ts';
import type { CommonSettings, ConnectOptions } from './service.ts';

/** The connection to NATS that the settings describe; what happens to it is logged. */
export function connectToNats({ config, name, log, signal, onFailedTry }: ConnectOptions): Promise<Bus> {
  const logEvents = eventLogger(log);
  return connectNats({
    // What a service says itself it knows already.
    echo: false,
    servers: config.natsUrl,
    name,
    ...credentialsOf(config),
    signal,
    onEvent: (event) => {
      if (event.type === 'connecting') onFailedTry(event.error);
      logEvents(event);
    },
  });
}

function credentialsOf(config: ConfigOf<CommonSettings>) {
  const { natsUser, natsPassword, natsToken, natsNkey, tlsCheckMs } = config;
  const tls = tlsPaths({
    caFile: config.natsTlsCaFile,
    certFile: config.natsTlsCertFile,
    keyFile: config.natsTlsKeyFile,
  });
  return {
    ...(natsUser !== undefined && { user: natsUser }),
    ...(natsPassword !== undefined && { pass: natsPassword.reveal() }),
    ...(natsToken !== undefined && { token: natsToken.reveal() }),
    ...(natsNkey !== undefined && { nkeySeed: natsNkey.reveal() }),
    ...(tls !== undefined && { tls, tlsCheckMs }),
  };
}

/** From one line about what the server does not permit to the next one about the same. */
const FORBIDDEN_LINE_MS = 60_000;
/** Subjects have sessions and names in them. */
const FORBIDDEN_KEPT = 100;

function eventLogger(log: Logger): (event: BusEvent) => void {
  const forbiddenAt = new Map<string, number>();
  return (event) => {
    if (event.type !== 'forbidden') return logEvent(log, event);
    const { operation, subject } = event;
    const what = `${operation} ${subject}`;
    const now = performance.now();
    if (now - (forbiddenAt.get(what) ?? Number.NEGATIVE_INFINITY) < FORBIDDEN_LINE_MS) return;
    forbiddenAt.delete(what);
    forbiddenAt.set(what, now);
    if (forbiddenAt.size > FORBIDDEN_KEPT) forbiddenAt.delete(forbiddenAt.keys().next().value!);
    log.error(
      { event: 'forbidden', code: 'WITAN_ERR_FORBIDDEN', operation, subject },
      'bus: this NATS user may not use that subject',
    );
  };
}

type Unlimited = Exclude<BusEvent, { readonly type: 'forbidden' }>;

function logEvent(log: Logger, event: Unlimited): void {
  switch (event.type) {
    case 'status':
      if (event.status === 'disconnected') log.warn('bus: disconnected');
      else log.info(`bus: ${event.status}`);
      break;
    case 'certificates':
      if (event.error === undefined) log.info({ event: 'certificates' }, 'bus: new certificates, a new connection');
      else log.error({ event: 'certificates', err: event.error }, 'bus: the new certificates are not used');
      break;
    case 'connecting':
      log.warn({ attempt: event.attempt, retryMs: event.retryMs, err: event.error }, 'bus: no connection yet');
      break;
    case 'handler-error':
      log.error({ subject: event.subject, err: event.error }, 'bus: a handler failed');
      break;
    case 'slow-consumer':
      log.warn(
        { subject: event.subject, inFlight: event.inFlight },
        'bus: a handler is too slow, messages are dropped',
      );
      break;
    case 'subscription-lost':
      log.error({ subject: event.subject, err: event.error }, 'bus: a subscription was ended by the server');
      break;
    case 'server-error':
      log.error({ err: event.error }, 'bus: the server reports an error');
      break;
  }
}
