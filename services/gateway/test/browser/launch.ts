import { existsSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import { buildApp, type GatewayOptions } from '../../src/app.ts';
import { FakeBackend } from '../fake-backend.ts';

const CANDIDATES = [
  process.env.WITAN_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** The browser to test in, or undefined where there is none. */
export const CHROMIUM = CANDIDATES.find((path): path is string => path !== undefined && existsSync(path));

export const WITHOUT_CHROMIUM =
  'No Chromium here: the explorer is not tested in a browser. Install it (apt-get install chromium) or name it in WITAN_CHROMIUM.';

/** Nothing but the page may use the network, so that what leaves the origin is the page's own doing. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM as string, args: ARGUMENTS });
}

/** A gateway before a made-up section, by real time, on a real socket. */
export async function serve<B extends FakeBackend = FakeBackend>(
  backend: B = new FakeBackend() as B,
  port = 0,
  options: GatewayOptions = {},
) {
  const app = await buildApp(backend, { checkResponses: true, ...options });
  onTestFinished(() => app.close());
  await app.listen({ host: '127.0.0.1', port });
  const at = (app.server.address() as AddressInfo).port;
  return { app, backend, port: at, url: `http://127.0.0.1:${at}` };
}

export interface Opened {
  readonly page: Page;
  /** Everything that should not have happened: console errors, exceptions, policy violations, requests to elsewhere. */
  readonly complaints: readonly string[];
}

/** Opens `url` in a context of its own, which ends with the test. */
export async function open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-GB', ...options });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`));
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== new URL(url).origin && protocol !== 'data:') complaints.push(`left the origin: ${request.url()}`);
  });
  await page.addInitScript(
    `document.addEventListener('securitypolicyviolation', (event) =>
      console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI))`,
  );
  await page.goto(url);
  return { page, complaints };
}

/** Nothing is wider than the window, so that nobody has to scroll sideways. */
export async function expectNoSideways(page: Page): Promise<void> {
  const [content, room] = await page.evaluate<[number, number]>('[document.documentElement.scrollWidth, innerWidth]');
  expect(content).toBeLessThanOrEqual(room);
}

export interface Faint {
  readonly text: string;
  readonly ratio: number;
  readonly needed: number;
}

const CONTRAST = readFileSync(new URL('contrast.js', import.meta.url), 'utf8');

/** Text that is too close in colour to what is behind it. */
export function faintTexts(page: Page): Promise<Faint[]> {
  return page.evaluate<Faint[]>(CONTRAST);
}

/** For pictures in the documents: written only where `WITAN_SHOTS` names a folder. */
export async function shot(page: Page, name: string): Promise<void> {
  const folder = process.env.WITAN_SHOTS;
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}

/** What a person reads there. */
export function words(place: Locator): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: hidden text does not count
  return place.innerText();
}

/** Advances the fake until its newest session is in this state. */
export function until(backend: FakeBackend, wanted: (session: ReturnType<FakeBackend['session']>) => boolean): void {
  for (let step = 0; step < 400; step++) {
    const newest = backend.sessions().at(-1);
    if (newest && wanted(newest)) return;
    backend.tick();
  }
  throw new Error('the fake never comes there');
}

/** All of the page is there. */
export async function settled(page: Page): Promise<void> {
  for (const part of ['.session .lane', '.chain-item.today', '.members .seen time'])
    await page.locator(part).first().waitFor();
}
