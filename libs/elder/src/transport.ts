import type { WitanError } from '@witan/errors';
import type { EffectPorts } from '@witan/runtime';

/**
 * How an elder reaches others: NATS in a service, made-up links in the simulator. Topics are relative to the network
 * (`section.root.decisions`). Anything may be lost, repeated, reordered or late.
 */
export interface Transport {
  publish(topic: string, bytes: Uint8Array): void;
  /** `pattern` may have `*` for one token. */
  subscribe(pattern: string, handler: (bytes: Uint8Array, topic: string) => void): void;
  /** Calls `done` once, at the latest after `timeoutMs`. An empty `to` asks any node of the section. */
  request: EffectPorts['request'];
  /**
   * Answers requests to this node, and with `anyone` also those to any node of the section. The handler gives back why
   * it refuses a request, as far as that is known when it returns.
   */
  serve(
    verb: string,
    handler: (bytes: Uint8Array, respond: (bytes: Uint8Array) => void) => WitanError | undefined,
    anyone?: boolean,
  ): void;
}
