import { existsSync } from 'node:fs';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';

const CANDIDATES = [
  process.env.WITAN_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** The browser to test in, or undefined where there is none. */
export const CHROMIUM = CANDIDATES.find((path): path is string => path !== undefined && existsSync(path));

export function launchBrowser(): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'];
  return chromium.launch({ executablePath: CHROMIUM!, args });
}

/** Opens `url` and marks the page, so that it shows whether it was ever loaded again. */
export async function openPage(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, locale: 'en-GB' });
  await page.goto(url);
  await page.evaluate('window.loadedOnce = true');
  return page;
}

export const wasLoadedOnce = (page: Page): Promise<boolean> => page.evaluate('window.loadedOnce === true');

/** What a person reads there. */
export function words(place: Locator): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: hidden text does not count
  return place.innerText();
}
