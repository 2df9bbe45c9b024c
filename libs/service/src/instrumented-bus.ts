import type { AskOptions, Bus, Handler } from '@witan/bus';
import { errorCode } from '@witan/errors';
import { continueTrace, injectTrace, type Meter, watchBus } from '@witan/observability';

/** The same bus, measured; what is sent carries the running trace in its headers, and handlers go on with it. */
export function instrumentBus(bus: Bus, meter: Meter): Bus {
  const { requestDuration, errors } = watchBus(meter, bus);
  const traced = <O extends AskOptions>(options: O): O => {
    const headers = injectTrace(options.headers);
    return headers === undefined ? options : { ...options, headers };
  };
  const continued =
    (handler: Handler): Handler =>
    (message) =>
      continueTrace(message.headers, () => handler(message));

  return {
    get status() {
      return bus.status;
    },
    get maxPayload() {
      return bus.maxPayload;
    },
    get stats() {
      return bus.stats;
    },
    get refused() {
      return bus.refused;
    },
    publish: (subject, payload, headers) => bus.publish(subject, payload, injectTrace(headers)),
    subscribe: (subject, handler, options) => bus.subscribe(subject, continued(handler), options),
    request: async (subject, payload, options) => {
      const startedAt = performance.now();
      try {
        const answer = await bus.request(subject, payload, traced(options));
        requestDuration.observe((performance.now() - startedAt) / 1000);
        return answer;
      } catch (error) {
        errors.inc({ code: errorCode(error) });
        throw error;
      }
    },
    ask: (subject, payload, options, done) => {
      const startedAt = performance.now();
      bus.ask(subject, payload, traced(options), (result) => {
        if (result.ok) requestDuration.observe((performance.now() - startedAt) / 1000);
        else errors.inc({ code: result.error });
        done(result);
      });
    },
    announce: (service) =>
      bus.announce({
        ...service,
        ...(service.endpoints && {
          endpoints: service.endpoints.map((endpoint) => ({ ...endpoint, handler: continued(endpoint.handler) })),
        }),
      }),
    flush: () => bus.flush(),
    onStatus: (listener) => bus.onStatus(listener),
    drain: () => bus.drain(),
  };
}
