import { randomBytes } from 'node:crypto';
import type { Bus, Subscription } from '@witan/bus';
import { Identity } from '@witan/crypto';
import { type Kind, peekEnvelope, sealEnvelope, WIRE_VERSION } from '@witan/wire';

/** What was heard on a bus, by the last tokens of its subject. */
export class Recorder {
  readonly #heard: { subject: string; payload: Uint8Array }[] = [];

  readonly #subscription: Subscription;

  constructor(bus: Bus, network: string) {
    this.#subscription = bus.subscribe(
      `witan.${network}.>`,
      ({ subject, payload }) => void this.#heard.push({ subject, payload }),
    );
  }

  /** What is said from now on is not recorded. */
  stop(): void {
    this.#subscription.unsubscribe();
  }

  /** Messages whose subject ends like this, in order. */
  on(ending: string): Uint8Array[] {
    return this.#heard.filter(({ subject }) => subject.endsWith(ending)).map(({ payload }) => payload);
  }

  /** Signed messages of this kind, wherever they were sent. */
  ofKind(kind: Kind, network: Uint8Array): Uint8Array[] {
    return this.#heard.map(({ payload }) => payload).filter((raw) => kindOf(raw, network) === kind);
  }
}

function kindOf(raw: Uint8Array, network: Uint8Array): Kind | undefined {
  try {
    return peekEnvelope(raw, network).kind;
  } catch {
    return undefined;
  }
}

export function stranger(): Identity {
  return Identity.fromSeed(randomBytes(32));
}

/** What `author` would have said, signed by somebody else. */
export function inTheNameOf(author: Identity, network: Uint8Array, kind: Kind, body: Uint8Array): Uint8Array {
  const forger = stranger();
  const mask = { publicKey: author.publicKey, name: author.name, sign: (bytes: Uint8Array) => forger.sign(bytes) };
  return sealEnvelope(mask as unknown as Identity, network, kind, body).raw;
}

/** As whoever runs the next version may send it: of its form nothing is known but how it begins. */
export function ofNewerVersion(raw: Uint8Array): Uint8Array {
  const newer = new Uint8Array([...raw, 1, 2, 3]);
  newer[0] = WIRE_VERSION + 1;
  return newer;
}

/** The same statement by another author, or for another network. */
export function resealed(raw: Uint8Array, from: Uint8Array, author: Identity, to: Uint8Array = from): Uint8Array {
  const { kind, body } = peekEnvelope(raw, from);
  return sealEnvelope(author, to, kind, body).raw;
}

/**
 * Bytes that are not what `raw` was, by what was done to it.
 * @param isFree what another byte in it makes is another message: nothing but its form could tell
 */
export function mutilated(raw: Uint8Array, isFree = false): Readonly<Record<string, Uint8Array>> {
  const longer = new Uint8Array(raw.length + 1);
  longer.set(raw);
  return {
    'no bytes': new Uint8Array(0),
    'one byte': Uint8Array.of(1),
    noise: randomBytes(300),
    zeros: new Uint8Array(900 * 1024),
    'its first byte': raw.slice(0, 1),
    'its first half': raw.slice(0, raw.length >> 1),
    'all but its last byte': raw.slice(0, -1),
    'one byte more': longer,
    ...(isFree
      ? {}
      : {
          'another first byte': Uint8Array.from(raw, (byte, at) => (at === 0 ? byte ^ 0x80 : byte)),
          'another second byte': Uint8Array.from(raw, (byte, at) => (at === 1 ? byte ^ 0x80 : byte)),
        }),
  };
}
