import { type Static, type TSchema, Type } from 'typebox';

/**
 * The forms that values take in JSON. Keys, names, hashes and signatures are lower-case hex of a fixed length, payload
 * bytes are base64url without padding, times are RFC 3339 in UTC with milliseconds, durations are integers named `…Ms`.
 */

const hex = (bytes: number, title: string, description: string) =>
  Type.String({
    title,
    pattern: `^[0-9a-f]{${bytes * 2}}$`,
    description: `${description}: ${bytes} bytes, lower-case hex`,
  });

/** A node's name: SHA-256 of its Ed25519 public key. */
export const NodeName = hex(32, 'NodeName', 'Name of a node, the SHA-256 of its Ed25519 public key');
export const Hash = hex(32, 'Hash', 'SHA-256');
export const SessionId = hex(32, 'SessionId', 'Name of a DKG session, the hash of its DkgStart record');
/** A BLS12-381 public key, compressed, in G1. */
export const PublicKey = hex(48, 'PublicKey', 'BLS12-381 public key, compressed, in G1');
/** A BLS12-381 signature, compressed, in G2. */
export const Signature = hex(96, 'Signature', 'BLS12-381 signature, compressed, in G2');

export const Prefix = Type.String({
  title: 'Prefix',
  pattern: '^(root|[01]{1,256})$',
  description: 'The bits of a section prefix, `root` for the empty one',
});

/** `Date.prototype.toISOString()`, nothing else: a signed time has exactly one form. */
export const Time = Type.String({
  title: 'Time',
  format: 'date-time',
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$',
  description: 'RFC 3339, UTC, with milliseconds',
});

export const Bytes = Type.String({
  title: 'Bytes',
  // More than anything here has. Of some millions the pattern could not be tried: the engine runs out of stack.
  maxLength: 2 * 1024 * 1024,
  pattern: '^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,3})?$',
  description: 'Bytes in base64url without padding',
});

export const DurationMs = Type.Integer({ minimum: 0, description: 'Milliseconds' });
export const Count = Type.Integer({ minimum: 0 });
export const U32 = Type.Integer({ minimum: 0, maximum: 0xffff_ffff });
export const Age = Type.Integer({
  minimum: 0,
  description: 'Age of a node: grows with each section key that it lives under',
});

/** A machine-readable reason: lower-case words joined by `-`, such as `later-phase` or `false-accusation`. */
export const Reason = Type.String({ pattern: '^[a-z0-9]+(-[a-z0-9]+)*$', maxLength: 64 });

/** The same form with words of its own for this place; the document keeps the reference and shows these beside it. */
export const described = <T extends TSchema>(schema: T, description: string) =>
  Type.Unsafe<Static<T>>({ ...schema, description });

/** `Nullable(X)`: the field is always there; `null` says "not yet" or "not applicable". */
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const PageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: 'At most this many items' })),
  cursor: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 256,
      description: '`nextCursor` of the page before; the same filters must be given',
    }),
  ),
};

/** `null` on the last page. */
export const NextCursor = Nullable(Type.String({ description: 'Give it as `cursor` to get the next page' }));
