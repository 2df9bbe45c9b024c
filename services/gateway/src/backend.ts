import type {
  ChainLink,
  Check,
  Network,
  Node,
  ProofBundle,
  Section,
  Session,
  VerificationResult,
  WitanEvent,
} from '@witan/api';

type Awaitable<T> = T | Promise<T>;

/**
 * What the gateway knows and can have done. The HTTP side is written against this alone, so it runs the same over the
 * bus, over a section in one process and over a fake.
 *
 * Every method may throw a `WitanError`: `WITAN_ERR_NOT_READY` until the first state is there, `WITAN_ERR_NOT_FOUND` for what
 * does not exist. Whatever it gives out has been verified.
 */
export interface Backend {
  network(): Awaitable<Network>;
  /** @param prefix its bits, `root` for the empty one. */
  section(prefix: string): Awaitable<Section>;
  /**
   * The whole chain in order, or with `from` (hex of a section key) the links after that key.
   * @throws `WITAN_ERR_UNTRUSTED_KEY` when `from` is neither the genesis key nor in the chain.
   */
  chain(
    prefix: string,
    from?: string,
  ): Awaitable<{ readonly genesisKey: string; readonly links: readonly ChainLink[] }>;
  /** All known nodes, in any order. */
  nodes(): Awaitable<readonly Node[]>;
  node(name: string): Awaitable<Node>;
  /** All remembered sessions, in any order. */
  sessions(): Awaitable<readonly Session[]>;
  session(id: string): Awaitable<Session>;
  /**
   * Has the section sign.
   * @throws `WITAN_ERR_NO_QUORUM` with `data.waitingOn` (names) when fewer than the threshold can sign.
   */
  attest(request: AttestInput): Promise<ProofBundle>;
  /** Never throws for a bundle that does not hold: the result says why. With `payload`, also that it is the bundle's. */
  verify(bundle: ProofBundle, payload?: Uint8Array): Awaitable<VerificationResult>;
  readonly events: EventFeed;
  /** Each thing that must be well for this gateway to serve. */
  checks(): Awaitable<readonly Check[]>;
}

export interface AttestInput {
  readonly payload: Uint8Array;
  /** Empty when the client gave none. */
  readonly context: string;
}

export interface EventFeed {
  /** Id of the newest event, also before there was any. */
  readonly position: string;
  /**
   * First, synchronously, what came after `lastEventId` (or a `reset` when that is not held any more), then everything new.
   * @returns ends the subscription.
   */
  subscribe(lastEventId: string | undefined, listener: (event: WitanEvent) => void): () => void;
}
