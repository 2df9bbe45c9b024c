import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import { WitanError } from '@witan/errors';
import type { FastifyInstance } from 'fastify';
import { etagOf, isNamed } from './etag.ts';
import { pageCsp } from './headers.ts';

/** The modules that the page imports by name; its import map points here. */
const VENDOR_MODULES: Readonly<Record<string, string>> = {
  'preact.js': 'preact',
  'preact-hooks.js': 'preact/hooks',
  'htm.js': 'htm',
  'htm-preact.js': 'htm/preact',
};

const ASSET = /\.(css|js|svg|png|ico|woff2|webmanifest)$/;

const PAGE_ROOT = fileURLToPath(new URL('../page', import.meta.url));

/** The explorer: `index.html` at `/`, the other files of the folder at `/assets/`, the modules it needs at `/assets/vendor/`. */
export async function addPage(app: FastifyInstance, root: string = PAGE_ROOT): Promise<void> {
  const index = new IndexPage(join(root, 'index.html'));
  app.get('/', async (request, reply) => {
    const { html, csp, etag } = await index.read();
    reply.headers({ 'content-security-policy': csp, 'cache-control': 'no-cache', etag });
    if (isNamed(request.headers['if-none-match'], etag)) return reply.code(304).send();
    return reply.type('text/html; charset=utf-8').send(html);
  });

  await app.register(fastifyStatic, {
    root,
    prefix: '/assets/',
    index: false,
    dotfiles: 'ignore',
    cacheControl: false,
    allowedPath: (path) => ASSET.test(path),
    setHeaders: (reply) => void reply.header('cache-control', 'no-cache'),
  });

  for (const [file, specifier] of Object.entries(VENDOR_MODULES)) {
    const source = await readFile(fileURLToPath(import.meta.resolve(specifier)), 'utf8');
    const etag = etagOf(source);
    app.get(`/assets/vendor/${file}`, async (request, reply) => {
      reply.headers({ 'cache-control': 'public, max-age=3600', etag });
      if (isNamed(request.headers['if-none-match'], etag)) return reply.code(304).send();
      return reply.type('text/javascript; charset=utf-8').send(source);
    });
  }
}

interface Index {
  readonly html: string;
  readonly csp: string;
  readonly etag: string;
}

/** Read again when the file changes: who works on the page sees it by reloading. */
class IndexPage {
  readonly #path: string;
  #changedAt = -1;
  #index: Index | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async read(): Promise<Index> {
    try {
      const { mtimeMs } = await stat(this.#path);
      if (this.#index === undefined || mtimeMs !== this.#changedAt) {
        const html = await readFile(this.#path, 'utf8');
        this.#index = { html, csp: pageCsp(inlineScriptHashes(html)), etag: etagOf(html) };
        this.#changedAt = mtimeMs;
      }
      return this.#index;
    } catch (cause) {
      throw new WitanError('WITAN_ERR_NOT_FOUND', 'The explorer page is not installed.', { cause });
    }
  }
}

/**
 * Hashes, for the policy, of the scripts that stand in the page itself. An import map has to: browsers take it from nowhere else.
 */
export function inlineScriptHashes(html: string): string[] {
  const scripts = html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g);
  return [...scripts].map(
    ([, text]) =>
      `sha256-${createHash('sha256')
        .update(text ?? '')
        .digest('base64')}`,
  );
}
