import type { FastifyInstance } from 'fastify';

/** For answers that are data: nothing in them may ever be run or framed. */
const DATA_CSP = "default-src 'none'; frame-ancestors 'none'";

/** For pages: their own files and nothing else; no outside address, no inline script but those whose hashes are named. */
export function pageCsp(inlineScriptHashes: readonly string[] = []): string {
  return [
    "default-src 'none'",
    ['script-src', "'self'", ...inlineScriptHashes.map((hash) => `'${hash}'`)].join(' '),
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Swagger UI sets styles from its script. */
export const DOCS_CSP = pageCsp().replace("style-src 'self'", "style-src 'self' 'unsafe-inline'");

/** Set first, so that a route which needs something else can override it. */
export function addSecurityHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => void reply.headers(securityHeaders(request.id)));
}

export function securityHeaders(requestId: string): Readonly<Record<string, string>> {
  return {
    'content-security-policy': DATA_CSP,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'x-request-id': requestId,
  };
}
