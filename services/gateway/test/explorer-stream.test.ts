import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM, launch, open, serve, settled, until, WITHOUT_CHROMIUM, words } from './browser/launch.ts';
import { FakeBackend } from './fake-backend.ts';

if (!CHROMIUM) console.warn(WITHOUT_CHROMIUM);

const REACH = { timeout: 8_000 };
/** As often as the page asks again by itself. */
const CHECK_MS = 15_000;
/** What a browser opens to one place over HTTP/1.1, for all of its tabs. */
const CONNECTIONS = 6;

const link = (page: Page) => words(page.locator('.masthead-link'));
const activity = (page: Page) => words(page.locator('.activity'));

/** Tabs of a browser that a program drives all count as looked at. */
const look = (page: Page, state: 'visible' | 'hidden') =>
  page.evaluate(`
    Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));`);

describe.skipIf(!CHROMIUM)('the explorer and its event stream', { timeout: 60_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  }, 60_000);
  afterAll(() => browser?.close());

  test('that is refused: all is shown, and asked for again', async () => {
    const { backend, url } = await serve(new FakeBackend(), 0, { streams: { maxStreams: 0 } });
    until(backend, ({ state }) => state === 'running');
    const { page } = await open(browser, url);
    await page.clock.install();
    await page.reload();
    await settled(page);
    await expect.poll(() => link(page), REACH).toContain('No live updates');
    expect(await page.locator('.members tbody tr').count()).toBe(backend.nodes().length);

    const session = page.locator('.session');
    expect(await session.getAttribute('data-state')).toBe('running');
    until(backend, ({ state }) => state === 'done');
    await page.clock.fastForward(CHECK_MS);
    await expect.poll(() => session.getAttribute('data-state'), REACH).toBe('done');
    expect(await link(page)).toContain('No live updates');
  });

  test('that neither opens nor fails: all is shown', async () => {
    const { url } = await serve();
    const { page } = await open(browser, url);
    await page.route('**/v1/events*', () => {});
    await page.reload();
    await settled(page);
    expect(await link(page)).toContain('Connecting');
  });

  test('that neither opens nor fails, of a gateway that was away for a while: it is asked again', async () => {
    const { url } = await serve();
    const { page } = await open(browser, url);
    await page.clock.install();
    await page.route('**/v1/events*', () => {});
    await page.reload();
    await settled(page);
    let isAway = true;
    await page.route('**/v1/**', (route) => (isAway ? route.abort() : route.fallback()));
    await page.clock.fastForward(CHECK_MS);
    await expect.poll(() => link(page), REACH).toContain('Not connected');
    isAway = false;
    await page.clock.fastForward(CHECK_MS);
    await expect.poll(() => link(page), REACH).toContain('No live updates');
  });

  test('in a tab that nobody looks at is left, which makes room for others, and taken up where it was', async () => {
    const { backend, url } = await serve();
    const { page: first, complaints } = await open(browser, url);
    await settled(first);
    await expect.poll(() => link(first), REACH).toContain('Live');
    const [elder] = backend.world.elders as [string];
    backend.world.setReachable(elder, false, Date.now());
    await expect.poll(() => activity(first), REACH).toContain('stopped answering');
    await look(first, 'hidden');
    for (let tab = 1; tab <= CONNECTIONS; tab++) {
      const page = await first.context().newPage();
      await page.goto(url);
      await settled(page);
      await expect.poll(() => link(page), REACH).toContain('Live');
      await look(page, 'hidden');
    }
    backend.world.setReachable(elder, true, Date.now());
    await look(first, 'visible');
    await expect.poll(() => activity(first), REACH).toContain('is reachable again');
    await expect.poll(() => link(first), REACH).toContain('Live');
    expect(complaints).toEqual([]);
  });
});
