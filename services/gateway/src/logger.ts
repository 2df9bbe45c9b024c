import type { Logger } from '@witan/observability';
import type { FastifyBaseLogger } from 'fastify';

/** The log of the service, as Fastify wants one. What Fastify says of its own life is for debugging. */
export function fastifyLogger(log: Logger): FastifyBaseLogger {
  const silent = () => {};
  const logger = {
    level: 'info',
    fatal: log.fatal,
    error: log.error,
    warn: log.warn,
    info: log.debug,
    debug: log.debug,
    trace: log.trace,
    silent,
    child: (bindings: object) => fastifyLogger(log.child({ ...bindings })),
  };
  return logger as unknown as FastifyBaseLogger;
}
