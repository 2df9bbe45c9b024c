import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM, launch, open, serve, settled, until, WITHOUT_CHROMIUM, words } from './browser/launch.ts';
import { FakeBackend } from './fake-backend.ts';

if (!CHROMIUM) console.warn(WITHOUT_CHROMIUM);

const REACH = { timeout: 8_000 };

describe.skipIf(!CHROMIUM)('who asks the explorer for a signature', { timeout: 60_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  }, 60_000);
  afterAll(() => browser?.close());

  test('has a text signed and checked, and says why not when there is no quorum', async () => {
    const { backend, url } = await serve();
    until(backend, ({ state }) => state === 'done');
    for (const { name, live } of backend.section('root').elders) {
      if (!live) backend.world.setReachable(name, true, Date.now());
    }
    const { page, complaints } = await open(browser, url);
    await settled(page);
    const ask = page.getByRole('button', { name: 'Ask the section' });
    expect(await ask.isDisabled()).toBe(true);
    await page.getByLabel('Text to sign').fill('The ford stays open. ᚠᚢᚦ');
    await ask.click();
    await expect.poll(() => words(page.locator('.attest-status')), REACH).toContain('Verified');
    const proof = await page.getByRole('link', { name: 'Download the proof' }).getAttribute('href');
    const bundle = JSON.parse(decodeURIComponent(String(proof).slice(String(proof).indexOf(',') + 1)));
    expect(bundle.key).toBe(backend.section('root').key);
    expect(complaints).toEqual([]);

    backend.quorum = false;
    backend.world.setReachable(backend.world.elders[0] as string, false, Date.now());
    await ask.click();
    await expect.poll(() => words(page.locator('.refusal')), REACH).toContain('No signature');
    expect(await words(page.locator('.refusal'))).toContain(backend.world.elders[0]?.slice(0, 6));
  });

  test('asks for an API key where the gateway wants one, and keeps it for as long as the tab is open', async () => {
    const key = 'a-key-that-the-gateway-knows';
    const apiKeys = { holderOf: (given: string) => (given === key ? 'somebody' : undefined) };
    const { backend, url } = await serve(new FakeBackend(), 0, { apiKeys });
    until(backend, ({ state }) => state === 'done');
    for (const { name, live } of backend.section('root').elders) {
      if (!live) backend.world.setReachable(name, true, Date.now());
    }
    const { page } = await open(browser, url);
    await settled(page);
    const field = page.getByLabel('API key');
    const ask = page.getByRole('button', { name: 'Ask the section' });
    const refusal = () => words(page.locator('.attest-status'));
    const kept = () => page.evaluate('JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie])');
    await page.getByLabel('Text to sign').fill('The ford stays open.');
    expect(await field.count()).toBe(0);
    await ask.click();
    await expect.poll(refusal, REACH).toContain('The request has no API key.');
    expect(await field.getAttribute('type')).toBe('password');
    await field.fill('another-key');
    await ask.click();
    await expect.poll(refusal, REACH).toContain('does not know the API key');
    expect(await kept()).toBe(JSON.stringify([{}, {}, '']));
    await field.fill(key);
    await ask.click();
    await expect.poll(refusal, REACH).toContain('Verified');
    expect(await kept()).toBe(JSON.stringify([{ 'witan.api-key': key }, {}, '']));
    await page.reload();
    await settled(page);
    expect(await field.inputValue()).toBe(key);
    const other = await open(browser, url);
    await settled(other.page);
    expect(await other.page.getByLabel('API key').count()).toBe(0);
  });
});
