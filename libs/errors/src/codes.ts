/**
 * The closed set of errors, the same in REST, NATS, CLI and logs. `docs/errors.md` is generated from this table
 * and a test keeps the two equal.
 *
 * `status` is the HTTP status, `exit` the exit code of the CLI, `help` what a person does about it.
 */
export interface CodeEntry {
  readonly status: number;
  readonly exit: number;
  readonly title: string;
  readonly help: string;
}

const entry = (status: number, exit: number, title: string, help: string): CodeEntry => ({ status, exit, title, help });

export const CODES = {
  WITAN_ERR_MALFORMED: entry(
    400,
    2,
    'Malformed input',
    'The bytes are not of the expected form. Check how they were made.',
  ),
  WITAN_ERR_INVALID: entry(
    422,
    2,
    'Invalid input',
    'The input is well-formed and not acceptable. The detail says which rule refuses it.',
  ),
  WITAN_ERR_UNSUPPORTED: entry(
    422,
    2,
    'Of a newer version',
    'It was made by a newer version than reads it here. Upgrade the one that does not know it.',
  ),
  WITAN_ERR_REQUEST_TIMEOUT: entry(408, 5, 'Request too slow', 'The request did not arrive in time. Send it again.'),
  WITAN_ERR_HEADERS_TOO_LARGE: entry(431, 2, 'Headers too large', 'Send fewer headers, or shorter ones.'),
  WITAN_ERR_TOO_LARGE: entry(413, 2, 'Too large', 'Send less: the detail names the limit.'),
  WITAN_ERR_UNSUPPORTED_MEDIA: entry(415, 2, 'Unsupported media type', 'Send application/json.'),
  WITAN_ERR_UNAUTHENTICATED: entry(
    401,
    77,
    'No valid API key',
    'This needs an API key that the gateway knows, as Authorization: Bearer KEY; the witan command takes it from WITAN_API_KEY.',
  ),
  WITAN_ERR_FORBIDDEN: entry(
    403,
    77,
    'Not permitted',
    'The NATS user may not use this subject. Give the service the user of its own role, or the server its permissions.',
  ),
  WITAN_ERR_NOT_FOUND: entry(404, 4, 'Not found', 'Check the name; a list route shows what exists.'),
  WITAN_ERR_METHOD_NOT_ALLOWED: entry(
    405,
    2,
    'Method not allowed',
    'The API document lists the methods of each route.',
  ),
  WITAN_ERR_RATE_LIMITED: entry(429, 5, 'Too many requests', 'Wait for as long as Retry-After says.'),
  WITAN_ERR_NO_QUORUM: entry(
    503,
    5,
    'No usable quorum',
    'Fewer elders than the threshold can sign. waitingOn names those that are missed, refusals why some do not sign.',
  ),
  WITAN_ERR_CLOCK: entry(
    503,
    5,
    'Clocks differ',
    'The clocks of two machines are further apart than is allowed. Start NTP on both.',
  ),
  WITAN_ERR_NOT_READY: entry(
    503,
    5,
    'Not ready',
    'The service is starting or has lost something that it needs. /readyz says what.',
  ),
  WITAN_ERR_TIMEOUT: entry(
    504,
    5,
    'Timed out',
    'The other side did not answer in time. Try again; if it lasts, look at its logs.',
  ),
  WITAN_ERR_UNAVAILABLE: entry(
    503,
    5,
    'Unavailable',
    'The other side could not be reached. Check that it runs and that the address is right.',
  ),
  WITAN_ERR_CERTIFICATE: entry(
    503,
    3,
    'Certificate not accepted',
    'A certificate is expired, of another authority or for another name: the detail says whose. Renew it; nothing has to be restarted.',
  ),
  WITAN_ERR_SIGNATURE: entry(
    422,
    3,
    'Signature does not verify',
    'The signature is not by the key that it names over these bytes.',
  ),
  WITAN_ERR_UNTRUSTED_KEY: entry(
    422,
    3,
    'Key is not linked to genesis',
    'No chain leads from the genesis key to this key. Check which network the bundle is from.',
  ),
  WITAN_ERR_CHAIN: entry(422, 3, 'Section chain does not verify', 'The detail names the first link that fails.'),
  WITAN_ERR_NOT_MEMBER: entry(
    403,
    3,
    'Not a member',
    'The author is not a member of the section, or not a participant of the session.',
  ),
  WITAN_ERR_WRONG_SESSION: entry(409, 2, 'Wrong session', 'The message belongs to another session.'),
  WITAN_ERR_STALE: entry(409, 2, 'Stale', 'A newer statement exists; catch up first.'),
  WITAN_ERR_CONFIG: entry(500, 78, 'Wrong configuration', 'The detail names the setting and what it accepts.'),
  WITAN_ERR_LOCKED: entry(
    500,
    75,
    'Data directory in use',
    'Another process uses this data directory. Stop it, or choose another directory.',
  ),
  WITAN_ERR_STORE_FULL: entry(507, 74, 'Disk full', 'Free some space; the service goes on by itself.'),
  WITAN_ERR_STORE: entry(
    500,
    74,
    'Storage failed',
    'The disk refused a read or a write. The detail carries its reason.',
  ),
  WITAN_ERR_JOURNAL_CORRUPT: entry(
    500,
    74,
    'Journal corrupt',
    'A record does not match its checksum, or is a secret of another place. See docs/operations.md, "A corrupted journal".',
  ),
  WITAN_ERR_SEALED: entry(
    500,
    77,
    'Secret cannot be opened',
    'The sealing key is not the one that sealed it. Give the right key.',
  ),
  WITAN_ERR_CRYPTO_BACKEND: entry(
    500,
    70,
    'Crypto backend missing',
    'The native BLS library could not be loaded. Install again with optional dependencies.',
  ),
  WITAN_ERR_DEPENDENCY: entry(500, 69, 'Something is not installed', 'The detail says what to install.'),
  WITAN_ERR_INTERNAL: entry(
    500,
    70,
    'Internal error',
    'A defect. The log line with the same request id has the stack.',
  ),
} as const satisfies Record<string, CodeEntry>;

export type WitanErrorCode = keyof typeof CODES;

const TYPE_PREFIX = 'urn:witan:error:';
const CODE_PREFIX = 'WITAN_ERR_';

/** The `type` of a problem document (RFC 9457): `urn:witan:error:not-found`. */
export function problemType(code: WitanErrorCode): string {
  return TYPE_PREFIX + code.slice(CODE_PREFIX.length).toLowerCase().replaceAll('_', '-');
}
