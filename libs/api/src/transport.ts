import { WitanError } from '@witan/errors';
import { codeForStatus, fromProblem, PROBLEM_MEDIA_TYPE } from './problem.ts';
import { Problem } from './schemas/problem.ts';
import { formErrors } from './validation.ts';

export interface TransportOptions {
  /** Of the whole exchange, the answer's body included. */
  readonly timeoutMs: number;
  readonly fetch: typeof fetch;
  readonly headers: Readonly<Record<string, string>>;
}

/** An answer larger than this is not read to its end, whoever sends it. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/** One exchange: the text of a 2xx answer, everything else as a `WitanError`. Aborted by the caller: the signal's own reason. */
export async function exchange(
  url: string,
  init: RequestInit,
  options: TransportOptions,
  signal?: AbortSignal,
): Promise<string> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const either = signal ? AbortSignal.any([timeout, signal]) : timeout;
  try {
    const response = await options.fetch(url, {
      ...init,
      headers: { ...options.headers, ...init.headers },
      signal: either,
    });
    const text = await readText(response);
    if (response.ok) return text;
    throw answeredError(response, text, url);
  } catch (error) {
    signal?.throwIfAborted();
    throw transportError(error, url, options.timeoutMs);
  }
}

/** The error that a non-2xx answer stands for. */
export function answeredError(response: Response, text: string, url: string): WitanError {
  const body = parseJson(text);
  const isProblem = response.headers.get('content-type')?.startsWith(PROBLEM_MEDIA_TYPE) ?? false;
  if (isProblem && formErrors(Problem, body).length === 0) return fromProblem(body as Problem);
  return new WitanError(codeForStatus(response.status), `${url} answered ${response.status}`, {
    data: { status: response.status },
  });
}

/** What `fetch` throws, as one of the closed set. */
export function transportError(error: unknown, url: string, timeoutMs: number): WitanError {
  if (error instanceof WitanError) return error;
  const { name, message, cause } = error as {
    name?: string;
    message?: string;
    cause?: { code?: string; message?: string };
  };
  if (name === 'TimeoutError') {
    return new WitanError('WITAN_ERR_TIMEOUT', `${url} did not answer within ${timeoutMs} ms`, { cause: error });
  }
  return new WitanError(
    'WITAN_ERR_UNAVAILABLE',
    `${url}: ${cause?.code ?? cause?.message ?? message ?? 'not reachable'}`,
    { cause: error },
  );
}

export async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > ANSWER_BYTES_MAX) {
      throw new WitanError('WITAN_ERR_TOO_LARGE', `The answer is over ${ANSWER_BYTES_MAX} bytes.`, {
        data: { limit: ANSWER_BYTES_MAX },
      });
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** `undefined` for what is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
