import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { inlineScriptHashes } from '../src/page.ts';
import { expectProblem, startApp } from './harness.ts';

const IMPORT_MAP = '\n{"imports":{"preact":"/assets/vendor/preact.js"}}\n';
const HTML = `<!doctype html><script type="importmap">${IMPORT_MAP}</script><script type="module" src="/assets/main.js"></script>`;

async function pageFolder(files: Record<string, string>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'witan-page-'));
  onTestFinished(() => rm(root, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(root, name, '..'), { recursive: true });
    await writeFile(join(root, name), content);
  }
  return root;
}

const hashOf = (script: string) => `sha256-${createHash('sha256').update(script).digest('base64')}`;

describe('the explorer page', () => {
  test('may run its own files and the import map that stands in it, nothing else', async () => {
    const { app } = await startApp({ pageRoot: await pageFolder({ 'index.html': HTML }) });
    const response = await app.inject('/');
    expect(response.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(response.body).toBe(HTML);
    const policy = String(response.headers['content-security-policy']);
    expect(policy).toContain(`script-src 'self' '${hashOf(IMPORT_MAP)}'`);
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
  });

  test('scripts with a source have no hash, every other has its own', () => {
    const html =
      '<script src="a.js"></script><script>one</script><script type=module async src=b></script><script type="module">two</script>';
    expect(inlineScriptHashes(html)).toEqual([hashOf('one'), hashOf('two')]);
  });

  test('is asked for again and sent only when it has changed', async () => {
    const root = await pageFolder({ 'index.html': HTML });
    const { app } = await startApp({ pageRoot: root });
    const first = await app.inject('/');
    const again = { url: '/', headers: { 'if-none-match': String(first.headers.etag) } };
    expect((await app.inject(again)).statusCode).toBe(304);
    // As a proxy makes it that has compressed the page.
    const weak = { url: '/', headers: { 'if-none-match': `"another", W/${first.headers.etag}` } };
    expect((await app.inject(weak)).statusCode).toBe(304);
    await writeFile(join(root, 'index.html'), `${HTML}<script>new</script>`);
    await utimes(join(root, 'index.html'), 1, 1);
    const changed = await app.inject(again);
    expect(changed.statusCode).toBe(200);
    expect(changed.headers['content-security-policy']).toContain(hashOf('new'));
  });

  test('has its files under /assets, of their types, and only what a page is made of', async () => {
    const files = {
      'index.html': HTML,
      'main.js': 'x',
      'styles/a.css': 'y',
      'mark.svg': '<svg/>',
      'tsconfig.json': '{}',
      '.env': 'secret',
      'notes.md': '#',
    };
    const { app } = await startApp({ pageRoot: await pageFolder(files) });
    const type = async (url: string) => (await app.inject(url)).headers['content-type'];
    expect(await type('/assets/main.js')).toMatch(/^(text|application)\/javascript/);
    expect(await type('/assets/styles/a.css')).toMatch(/^text\/css/);
    expect(await type('/assets/mark.svg')).toMatch(/^image\/svg\+xml/);
    const others = [
      'tsconfig.json',
      '.env',
      'notes.md',
      '',
      'styles/',
      'styles',
      '../index.html',
      '%2e%2e/package.json',
      'main.js%00.css',
    ];
    for (const path of others) expect((await app.inject(`/assets/${path}`)).statusCode).toBeGreaterThanOrEqual(400);
  });

  test('that is not there is 404, and the API goes on', async () => {
    const { app } = await startApp({ pageRoot: await pageFolder({}) });
    expectProblem(await app.inject('/'), 'WITAN_ERR_NOT_FOUND');
    expect((await app.inject('/v1/network')).statusCode).toBe(200);
  });

  test.each(['preact.js', 'preact-hooks.js', 'htm.js', 'htm-preact.js'])(
    'the module %s comes from here',
    async (file) => {
      const { app } = await startApp();
      const response = await app.inject(`/assets/vendor/${file}`);
      expect(response.statusCode).toBe(200);
      expect(response.headers['content-type']).toMatch(/^text\/javascript/);
      expect(response.headers['cache-control']).toBe('public, max-age=3600');
      const imported = [...response.body.matchAll(/from\s*"([^"]+)"/g)].map(([, specifier]) => specifier);
      expect(['preact', 'preact/hooks', 'htm']).toEqual(expect.arrayContaining(imported));
      const again = { url: `/assets/vendor/${file}`, headers: { 'if-none-match': String(response.headers.etag) } };
      expect((await app.inject(again)).statusCode).toBe(304);
    },
  );
});

describe('the real page', () => {
  test('asks for nothing that is not here', async () => {
    const { app } = await startApp();
    const { body } = await app.inject('/');
    const links = [...body.matchAll(/\b(?:src|href)="([^"#]+)"/g)].map(
      ([, link]) => new URL(link as string, 'http://here/'),
    );
    const mapped = [...body.matchAll(/"(\.?\/?assets\/vendor\/[^"]+)"/g)].map(
      ([, link]) => new URL(link as string, 'http://here/'),
    );
    expect(mapped.length).toBeGreaterThan(0);
    for (const link of [...links, ...mapped]) {
      expect(link.host).toBe('here');
      const response = await app.inject(link.pathname);
      expect(`${link.pathname} ${response.statusCode}`).toBe(`${link.pathname} 200`);
    }
  });
});
