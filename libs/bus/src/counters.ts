import type { BusStats } from './bus.ts';

export type Counters = { -readonly [K in keyof BusStats]: BusStats[K] };

export function newCounters(): Counters {
  return {
    published: 0,
    publishedBytes: 0,
    received: 0,
    receivedBytes: 0,
    requests: 0,
    requestErrors: 0,
    handlerErrors: 0,
    dropped: 0,
    slowConsumers: 0,
    disconnects: 0,
    forbiddenPublishes: 0,
    forbiddenSubscriptions: 0,
  };
}
