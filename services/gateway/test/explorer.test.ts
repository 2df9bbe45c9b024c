import type { SessionList } from '@witan/api';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EmptyBackend, HostileBackend, ManyBackend, UnreadyBackend } from './browser/backends.ts';
import {
  CHROMIUM,
  expectNoSideways,
  faintTexts,
  launch,
  open,
  serve,
  settled,
  shot,
  until,
  WITHOUT_CHROMIUM,
  words,
} from './browser/launch.ts';
import { accessibleNodes } from './browser/names.ts';
import { FakeBackend } from './fake-backend.ts';

if (!CHROMIUM) console.warn(WITHOUT_CHROMIUM);

const PHONE = { viewport: { width: 375, height: 812 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
const REACH = { timeout: 8_000 };

/** What has the focus, and whether one sees it; null for nothing. */
const FOCUSED = `(() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  return { what: String(element.className), seen: outlineStyle !== 'none' && outlineWidth !== '0px' };
})()`;

/** By the gateway's own order. */
async function newestId(url: string): Promise<string | undefined> {
  const { sessions } = (await (await fetch(`${url}/v1/dkg/sessions?limit=1`)).json()) as SessionList;
  return sessions[0]?.id;
}

describe.skipIf(!CHROMIUM)('the explorer in a browser', { timeout: 60_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  }, 60_000);
  afterAll(() => browser?.close());

  test('shows the section, its nodes with ages, the chain and a session, and complains of nothing', async () => {
    const { backend, url } = await serve();
    const { page, complaints } = await open(browser, url);
    await settled(page);

    const section = backend.section('root');
    expect(await page.locator('.ring .seat').count()).toBe(section.elders.length);
    const able = section.elders.filter(({ usableShare }) => usableShare).length;
    await expect.poll(() => words(page.locator('.council'))).toContain(`${able} of ${section.elders.length} elders`);
    expect(await words(page.locator('.council'))).toContain(section.key.slice(0, 6));

    await expect.poll(() => page.locator('.members tbody tr').count()).toBe(backend.nodes().length);
    for (const node of backend.nodes()) {
      const row = await words(page.locator(`[data-node="${node.name}"]`));
      expect(row).toContain(node.name.slice(0, 6));
      expect(row).toContain(String(node.age));
      expect(row).toMatch(node.roles.includes('elder') ? /Elder \d/ : /Adult|Joining/);
    }

    expect(await page.locator('.chain-key').count()).toBe(section.chainLength);
    expect(await words(page.locator('.chain-item.today'))).toContain(section.key.slice(0, 6));
    expect(await page.locator('.lane').count()).toBe(backend.sessions().at(-1)?.participants.length);
    expect(await page.locator('.band-head').count()).toBe(6);

    expect(await words(page.locator('body'))).not.toMatch(/[0-9a-f]{40}/);
    await expectNoSideways(page);
    await shot(page, 'explorer');
    expect(complaints).toEqual([]);
  });

  test('follows a running session by events, without being loaded again', async () => {
    const { backend, url } = await serve();
    until(backend, ({ state, phase }) => state === 'running' && phase === 'initialisation');
    const { page, complaints } = await open(browser, url);
    await settled(page);
    await page.evaluate('window.notReloaded = true');
    const session = page.locator('.session');
    const id = await session.getAttribute('data-session');

    until(backend, ({ phase, phases }) => phase === 'contribution' && (phases[1]?.received ?? 0) >= 2);
    const heard = page.locator('.lane .g.heard');
    await expect.poll(() => heard.count(), REACH).toBe(2);
    await expect.poll(() => page.locator('[data-phase="initialisation"]').getAttribute('data-state')).toBe('closed');
    expect(await words(page.locator('.activity'))).toContain('Initialisation closed');

    until(backend, ({ state }) => state === 'done');
    await expect.poll(() => page.locator(`[data-session="${id}"]`).getAttribute('data-state'), REACH).toBe('done');
    backend.tick();
    backend.tick();
    const { key } = backend.section('root');
    await expect.poll(() => words(page.locator('.chain-item.today')), REACH).toContain(key.slice(0, 6));
    await expect.poll(() => page.locator('[data-announce="event"]').textContent()).toContain(key.slice(0, 6));
    expect(await page.evaluate('window.notReloaded')).toBe(true);
    expect(complaints).toEqual([]);
  });

  test('names those whom a stalled session waits for, in words and in their lanes', async () => {
    const { backend, url } = await serve();
    until(backend, ({ state }) => state === 'stalled');
    const waitingOn = backend.sessions().at(-1)?.waitingOn ?? [];
    const { page } = await open(browser, url);
    await settled(page);
    const said = await words(page.locator('.waiting-on'));
    for (const name of waitingOn) {
      expect(said).toContain(name.slice(0, 6));
      const lane = page.locator(`[data-participant="${name}"]`);
      expect(await lane.getAttribute('data-state')).toBe('waiting');
      expect(await lane.locator('.g.waiting').count()).toBe(1);
    }
    expect(await words(page.locator('.council'))).toMatch(/Missing/);
    await shot(page, 'stalled');
  });

  test('shows blame with its reason and proof, and repairs, where they happened', async () => {
    const { backend, url } = await serve();
    until(backend, ({ state, blame, repairs }) => state === 'done' && blame.length > 0 && repairs.length > 0);
    const session = backend.sessions().at(-1) as ReturnType<FakeBackend['session']>;
    const { page } = await open(browser, url);
    await settled(page);
    const [blame] = session.blame;
    const lane = page.locator(`[data-participant="${blame?.node}"]`);
    expect(await lane.getAttribute('data-state')).toBe('blamed');
    expect(await lane.locator('path.blamed').count()).toBe(1);
    const said = await words(page.locator('.blame-list'));
    expect(said).toContain(blame?.node.slice(0, 6));
    expect(said).toContain(blame?.reason.replaceAll('-', ' '));
    expect(said).toContain('1 signed message');
    const repaired = page.locator(`[data-participant="${session.repairs[0]?.node}"] .repaired`);
    expect(await repaired.count()).toBe(1);
    await shot(page, 'blame');
  });

  test('an address names a session; older ones come by the page', async () => {
    const { backend, url } = await serve();
    const oldest = backend.sessions()[0] as ReturnType<FakeBackend['session']>;
    for (let step = 0; step < 200; step++) backend.tick();
    const total = backend.sessions().length;
    const failed = backend.sessions().find(({ state }) => state === 'failed');
    const { page, complaints } = await open(browser, `${url}/#dkg/${failed?.id}`);
    await page.locator(`.session[data-session="${failed?.id}"]`).waitFor();
    expect(await page.locator('.session').getAttribute('data-state')).toBe('failed');
    expect(await page.locator('.session-row').count()).toBeLessThan(total);

    await page.getByRole('button', { name: 'Older sessions' }).click();
    await expect.poll(() => page.locator('.session-row').count(), REACH).toBe(total);
    await page.locator('.session-row').first().click();
    await expect.poll(() => page.locator('.session').getAttribute('data-session')).toBe(await newestId(url));
    await page.goBack();
    await expect.poll(() => page.locator('.session').getAttribute('data-session')).toBe(failed?.id);
    expect(complaints).toEqual([]);

    const gone = await open(browser, `${url}/#dkg/${oldest.id}`);
    await settled(gone.page);
    await expect
      .poll(() => gone.page.locator('.session').getAttribute('data-session'), REACH)
      .toBe(backend.sessions().some(({ id }) => id === oldest.id) ? oldest.id : await newestId(url));
  });

  test('a key of the chain tells who signed it and how to check it', async () => {
    const { backend, url } = await serve();
    const { page } = await open(browser, url, { permissions: ['clipboard-read', 'clipboard-write'] });
    await settled(page);
    const key = page.locator('.chain-key').nth(1);
    await key.click();
    expect(await key.getAttribute('aria-expanded')).toBe('true');
    const details = page.locator('#chain-details');
    expect(await words(details)).toContain('npx witan chain verify');
    expect(await words(details)).toContain(backend.chain('root').genesisKey.slice(0, 6));
    await details
      .getByRole('button', { name: /^Copy key/ })
      .first()
      .click();
    const copied = await page.evaluate('navigator.clipboard.readText()');
    expect(copied).toBe(backend.chain('root').links[1]?.key);
    await page.locator('#chain-details').getByRole('button', { name: 'Copied' }).waitFor();
  });

  test('says when the gateway is gone, keeps what it knows, and comes back by itself', async () => {
    const first = await serve();
    const { page } = await open(browser, first.url);
    await settled(page);
    await first.app.close();
    const banner = page.getByRole('alert');
    await banner.waitFor(REACH);
    expect(await words(banner)).toMatch(/does not answer.*may no longer be true/s);
    expect(await words(page.locator('.masthead'))).toContain('Not connected');
    expect(await page.locator('.stale .lane').count()).toBeGreaterThan(0);
    await shot(page, 'stale');

    const second = await serve(new FakeBackend(), first.port);
    second.backend.tick();
    await expect.poll(() => banner.count(), { timeout: 20_000 }).toBe(0);
    await expect.poll(() => words(page.locator('.masthead')), REACH).toContain('Live');
  });

  test.each([
    ['no section', new EmptyBackend(), /No section yet.*npm start/s],
    ['a gateway that is not ready', new UnreadyBackend(), /not ready.*No answer from the bus yet/s],
  ])('%s has words of its own', async (_, backend, expected) => {
    const { url } = await serve(backend);
    const { page } = await open(browser, url);
    await expect.poll(() => words(page.locator('main')), REACH).toMatch(expected);
    await expectNoSideways(page);
    await shot(page, backend.constructor.name);
  });

  test('loading is a state too', async () => {
    const { url } = await serve();
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.route('**/v1/network', () => {});
    await page.goto(url);
    await page.getByText('Asking the gateway…').waitFor();
    expect(await page.locator('[aria-busy="true"]').count()).toBe(1);
    await context.close();
  });

  test('what comes from outside is text, never markup', async () => {
    const { url } = await serve(new HostileBackend());
    const { page, complaints } = await open(browser, url);
    await settled(page);
    expect(await words(page.locator('.masthead'))).toContain('<img src=x');
    expect(await page.title()).toBe('Witan');
    expect(complaints).toEqual([]);
  });

  test('holds 31 elders and 60 adults', async () => {
    const backend = new ManyBackend();
    const wide = backend.sessions().find(({ participants }) => participants.length === 31);
    const { url } = await serve(backend);
    const { page } = await open(browser, `${url}/#dkg/${wide?.id}`);
    await expect.poll(() => page.locator('.lane').count(), REACH).toBe(31);
    expect(await page.locator('.ring .seat').count()).toBe(31);
    expect(await page.locator('.lane[data-state="silent"]').count()).toBe(3);
    const more = page.getByRole('button', { name: 'Show all 91 nodes' });
    await more.click();
    await expect.poll(() => page.locator('.members tbody tr').count()).toBe(91);
    await shot(page, 'many');
  });

  test.each(['light', 'dark'] as const)('on a phone, %s: nothing sideways, everything legible', async (colorScheme) => {
    const { backend, url } = await serve();
    until(backend, ({ state, blame }) => state === 'done' && blame.length > 0);
    const { page, complaints } = await open(browser, url, { ...PHONE, colorScheme });
    await settled(page);
    await page.locator('.chain-key').last().click();
    await expectNoSideways(page);
    expect(await faintTexts(page)).toEqual([]);
    await page.locator('.lane .touch').nth(8).tap();
    expect(await words(page.locator('#chart-readout'))).toMatch(/participant \d/);
    await expectNoSideways(page);
    await shot(page, `phone-${colorScheme}`);
    expect(complaints).toEqual([]);
  });

  test.each(['light', 'dark'] as const)(
    'on a desk, %s: the ground follows, and text keeps its contrast',
    async (colorScheme) => {
      const { backend, url } = await serve();
      until(backend, ({ state }) => state === 'stalled');
      const { page } = await open(browser, url, { colorScheme });
      await settled(page);
      await page.locator('.as-table summary').click();
      expect(await faintTexts(page)).toEqual([]);
      const ground = await page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
      expect(ground).toBe(colorScheme === 'dark' ? 'rgb(20, 18, 14)' : 'rgb(244, 238, 225)');
      await shot(page, `desk-${colorScheme}`);
    },
  );

  test('is for who listens: one of each landmark, headings in order, a name for all that can be used', async () => {
    const { url } = await serve();
    const { page } = await open(browser, url);
    await settled(page);
    const nodes = await accessibleNodes(page);
    const roles = nodes.map(({ role }) => role);
    for (const landmark of ['banner', 'main', 'contentinfo']) {
      expect(roles.filter((role) => role === landmark)).toEqual([landmark]);
    }
    const usable = ['button', 'link', 'textbox', 'combobox', 'application', 'image', 'region', 'navigation', 'table'];
    const nameless = nodes.filter(
      ({ role, name, focusable }) => role !== 'main' && (focusable || usable.includes(role)) && name === '',
    );
    expect(nameless).toEqual([]);

    const levels = await page
      .locator('h1, h2, h3, h4')
      .evaluateAll((all) => all.map(({ tagName }) => Number(tagName[1])));
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    for (const [index, level] of levels.entries()) expect(level - (levels[index - 1] ?? 0)).toBeLessThanOrEqual(1);
    const ids = await page.evaluate<string[]>(`[...document.querySelectorAll('[id]')].map(({ id }) => id)`);
    expect(new Set(ids).size).toBe(ids.length);
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
  });

  test('is for who has no pointer: all of it is reached by keys, and one sees where one is', async () => {
    const { url } = await serve();
    const { page } = await open(browser, url);
    await settled(page);
    const reached: string[] = [];
    for (let step = 0; step < 120; step++) {
      await page.keyboard.press('Tab');
      const here = await page.evaluate<{ what: string; seen: boolean } | null>(FOCUSED);
      if (here === null) break;
      expect(here).toMatchObject({ seen: true });
      reached.push(here.what);
    }
    expect(reached[0]).toBe('skip');
    for (const what of ['chart-frame', 'session-row', 'chain-key', 'copy', 'activity']) {
      expect(reached.some((name) => name.includes(what))).toBe(true);
    }

    await page.locator('.chart-frame').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowDown');
    expect(await words(page.locator('#chart-readout'))).toMatch(/participant 2, Contribution/);
    await page.locator('.chain-key').first().focus();
    await page.keyboard.press('Enter');
    expect(await words(page.locator('#chain-details'))).toContain('the first node made it alone');
  });

  test('keeps still for who asked for it', async () => {
    const { backend, url } = await serve();
    until(backend, ({ state }) => state === 'stalled');
    const { page } = await open(browser, url, { reducedMotion: 'reduce' });
    await settled(page);
    expect(await page.evaluate('document.getAnimations().length')).toBe(0);
  });
});
