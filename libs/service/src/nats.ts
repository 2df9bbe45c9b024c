import { type Bus, type BusEvent, connectNats } from '@witan/bus';
import type { ConfigOf } from '@witan/config';
import type { Logger } from '@witan/observability';
import type { CommonSettings, ConnectOptions } from './service.ts';

/** The connection to NATS that the settings describe; what happens to it is logged. */
export function connectToNats({ config, name, log, signal }: ConnectOptions): Promise<Bus> {
  return connectNats({
    // What a service says itself it knows already.
    echo: false,
    servers: config.natsUrl,
    name,
    ...credentialsOf(config),
    signal,
    onEvent: (event) => logEvent(log, event),
  });
}

function credentialsOf(config: ConfigOf<CommonSettings>) {
  const { natsUser, natsPassword, natsToken, natsTlsCaFile, natsTlsCertFile, natsTlsKeyFile } = config;
  const tls = {
    ...(natsTlsCaFile !== undefined && { caFile: natsTlsCaFile }),
    ...(natsTlsCertFile !== undefined && { certFile: natsTlsCertFile }),
    ...(natsTlsKeyFile !== undefined && { keyFile: natsTlsKeyFile }),
  };
  return {
    ...(natsUser !== undefined && { user: natsUser }),
    ...(natsPassword !== undefined && { pass: natsPassword.reveal() }),
    ...(natsToken !== undefined && { token: natsToken.reveal() }),
    ...(Object.keys(tls).length > 0 && { tls }),
  };
}

function logEvent(log: Logger, event: BusEvent): void {
  switch (event.type) {
    case 'status':
      if (event.status === 'disconnected') log.warn('bus: disconnected');
      else log.info(`bus: ${event.status}`);
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
