import { learn } from './clock.js';

const TIMEOUT_MS = 10_000;

/**
 * What went wrong with a request, in the gateway's own words where it had any.
 * `status` 0: no answer came at all.
 */
export class RequestError extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} detail
   * @param {Partial<import('@witan/api').Health> & { help?: string, waitingOn?: string[], retryAfterMs?: number }} [problem]
   */
  constructor(status, code, detail, problem = {}) {
    super(detail);
    this.status = status;
    this.code = code;
    this.help = problem.help ?? '';
    this.waitingOn = problem.waitingOn ?? [];
    this.retryAfterMs = problem.retryAfterMs ?? 0;
  }
}

/**
 * @template T
 * @param {string} path relative to the page, so that it works behind a path prefix too
 * @param {{ method?: string, body?: unknown, apiKey?: string }} [options]
 * @returns {Promise<T>}
 * @throws {RequestError}
 */
export async function request(path, { method = 'GET', body, apiKey = '' } = {}) {
  /** @type {Response} */
  let response;
  /** @type {any} */
  let answer;
  try {
    response = await fetch(path, {
      method,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(apiKey === '' ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    learn(response.headers.get('date'));
    answer = await response.json();
  } catch (error) {
    const late = error instanceof DOMException && error.name === 'TimeoutError';
    throw new RequestError(
      0,
      'UNREACHABLE',
      late ? 'The gateway took too long to answer.' : 'The gateway does not answer.',
    );
  }
  if (!response.ok) {
    throw new RequestError(response.status, answer.code ?? 'UNKNOWN', answer.detail ?? response.statusText, answer);
  }
  return answer;
}
