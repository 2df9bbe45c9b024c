import { problemType, WitanError, type WitanErrorCode } from '@witan/errors';
import type { Problem } from './schemas/problem.ts';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** The members of `WitanError.data` that go out. Whatever else an error carries stays inside. */
const EXTENSIONS = ['errors', 'waitingOn', 'refusals', 'checks', 'limit', 'retryAfterMs'] as const;

/**
 * The body of an error answer.
 *
 * `WITAN_ERR_INTERNAL` is a defect whose message was written for nobody outside: its detail is replaced, and the request id
 * leads to it in the log.
 */
export function toProblem(error: WitanError, requestId: string): Problem {
  const { status, title, help } = error.entry;
  const extensions = Object.fromEntries(
    EXTENSIONS.filter((name) => error.data[name] !== undefined).map((name) => [name, error.data[name]]),
  );
  return {
    type: problemType(error.code),
    title,
    status,
    detail: error.code === 'WITAN_ERR_INTERNAL' ? 'Something went wrong inside the gateway.' : error.detail,
    code: error.code,
    help,
    instance: `urn:witan:request:${requestId}`,
    ...extensions,
  };
}

/** The error that a problem document was made from, with `status`, `requestId` and the extensions in its `data`. */
export function fromProblem(problem: Problem): WitanError {
  const extensions = Object.fromEntries(
    EXTENSIONS.filter((name) => problem[name] !== undefined).map((name) => [name, problem[name]]),
  );
  return new WitanError(problem.code, problem.detail, {
    data: { ...extensions, status: problem.status, requestId: problem.instance.replace('urn:witan:request:', '') },
  });
}

/** The code that fits a status with no problem document behind it: the answer of a proxy, not of a gateway. */
export function codeForStatus(status: number): WitanErrorCode {
  return PROXY_CODES[status] ?? 'WITAN_ERR_UNAVAILABLE';
}

const PROXY_CODES: Readonly<Record<number, WitanErrorCode>> = {
  400: 'WITAN_ERR_MALFORMED',
  401: 'WITAN_ERR_UNAUTHENTICATED',
  404: 'WITAN_ERR_NOT_FOUND',
  405: 'WITAN_ERR_METHOD_NOT_ALLOWED',
  408: 'WITAN_ERR_REQUEST_TIMEOUT',
  413: 'WITAN_ERR_TOO_LARGE',
  415: 'WITAN_ERR_UNSUPPORTED_MEDIA',
  429: 'WITAN_ERR_RATE_LIMITED',
  431: 'WITAN_ERR_HEADERS_TOO_LARGE',
  504: 'WITAN_ERR_TIMEOUT',
};
