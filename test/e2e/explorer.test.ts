import type { Section, Session } from '@witan/api';
import { networkTag } from '@witan/wire';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM, launchBrowser, openPage, wasLoadedOnce, words } from '../support/browser.ts';
import { PATIENCE_MS } from '../support/cluster.ts';
import { EventStream } from '../support/event-stream.ts';
import { eventually } from '../support/eventually.ts';
import { addTogether } from '../support/newcomers.ts';
import { silentInPhase } from '../support/session-messages.ts';
import { useCluster } from '../support/use-cluster.ts';

const FIRST = 4;
const { cluster } = useCluster({ nodes: FIRST, links: true, settings: { phaseDeadlineMs: 500, settleMs: 300 } });
const tag = networkTag(cluster.network);

/** After a restart the gateway is at the same address, as where it is configured. */
async function restartGateway(whileAway: () => Promise<void> = async () => {}): Promise<void> {
  cluster.gateway.env.WITAN_HTTP_PORT = new URL(cluster.url).port;
  await cluster.gateway.kill();
  await whileAway();
  cluster.gateway.start();
  await cluster.gateway.ready();
  const knows = () => cluster.api.readyz().then(() => true);
  await eventually('the gateway knows the section', knows, { withinMs: PATIENCE_MS });
}

const short = (hex: string) => hex.slice(0, 6);
const patience = { timeout: PATIENCE_MS };

describe.skipIf(!CHROMIUM)('the explorer of a live section in a browser (needs Chromium)', () => {
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    browser = await launchBrowser();
    page = await openPage(browser, cluster.url);
    page.on('pageerror', (error) => complaints.push(error.message));
  });
  afterAll(() => browser?.close());

  /** What the page shows of the section is what the gateway says of it, in the end. */
  async function expectShown(section: Section): Promise<void> {
    const able = section.elders.filter(({ usableShare }) => usableShare).length;
    await expect
      .poll(() => words(page.locator('.council')), patience)
      .toContain(`${able} of ${section.elders.length} elders`);
    await expect.poll(() => words(page.locator('.chain-item.today')), patience).toContain(short(section.key));
    await expect.poll(() => page.locator('.chain-key').count(), patience).toBe(section.chainLength);
    expect(await page.locator('.ring .seat').count()).toBe(section.elders.length);
    await expect.poll(() => page.locator('.members tbody tr').count(), patience).toBe(section.members.length);
    for (const { name, age } of section.members) {
      const row = page.locator(`[data-node="${name}"]`);
      await expect.poll(() => words(row), patience).toMatch(new RegExp(`${short(name)}[^]*Elder \\d[^]*\\b${age}\\b`));
    }
  }

  /** One lane a participant, and in it everything that the gateway has heard of it. */
  async function expectTimeline({ id, participants, phases, state }: Session): Promise<void> {
    await page.locator(`.session[data-session="${id}"][data-state="${state}"]`).waitFor(patience);
    expect(await page.locator('.lane').count()).toBe(participants.length);
    const heard = phases.reduce((sum, { received }) => sum + received, 0);
    await expect.poll(() => page.locator('.lane .g:is(.heard, .counted, .late)').count(), patience).toBe(heard);
  }

  test('shows its key, its elders with their ages, the chain, and the timeline of a session', async () => {
    await expectShown(await cluster.section());
    const session = (await cluster.lastSession())!;
    await expectTimeline(session);
    expect(session.phases.reduce((sum, { received }) => sum + received, 0)).toBeGreaterThanOrEqual(5 * FIRST);
    expect(complaints).toEqual([]);
  });

  test('follows a session while it runs: whom it waits for, and the key that it makes', async () => {
    const before = await cluster.section();
    const [newcomer] = await addTogether(cluster, 1, (node) => silentInPhase('contribution', tag, node.identity()));
    // Four of five could go on without the fifth: they wait for two.
    const silent = (await cluster.elders())[0]!;
    silent.link.govern(silentInPhase('contribution', tag, silent.identity()));
    const lanes = [newcomer!, silent].map((node) => page.locator(`[data-participant="${node.name}"]`));
    for (const lane of lanes) {
      await expect.poll(() => lane.getAttribute('data-state'), patience).toBe('waiting');
    }
    const id = await page.locator('.session').getAttribute('data-session');
    expect((await cluster.lastSession())!.id).toBe(id);
    const head = page.locator('[data-phase="initialisation"]');
    await expect.poll(() => head.getAttribute('data-state'), patience).toBe('closed');
    for (const node of [newcomer!, silent]) {
      expect(await words(page.locator('.waiting-on'))).toContain(short(node.name));
      node.link.heal();
    }
    const section = await cluster.settled();
    expect(section.key).not.toBe(before.key);
    await expectShown(section);
    await expectTimeline(await cluster.api.session({ id: id! }));
    expect(await words(page.locator('.activity'))).toContain('Initialisation closed');
    expect(await wasLoadedOnce(page)).toBe(true);
  });

  test('says that the gateway is gone, and shows all that happened meanwhile when it is back', async () => {
    const before = await cluster.section();
    await restartGateway(async () => {
      await page.getByRole('alert').waitFor(patience);
      expect(await words(page.locator('.masthead'))).toContain('Not connected');
      expect(await words(page.locator('.chain-item.today'))).toContain(short(before.key));
      const { elder } = await cluster.addNode();
      await elder.says({ event: 'dkg-done' }, PATIENCE_MS);
    });
    const section = await cluster.settled();
    expect(section.chainLength).toBeGreaterThan(before.chainLength);
    await expect.poll(() => page.getByRole('alert').count(), patience).toBe(0);
    await expect.poll(() => words(page.locator('.masthead')), patience).toContain('Live');
    await expectShown(section);
    await expectTimeline((await cluster.lastSession())!);
    expect(await wasLoadedOnce(page)).toBe(true);
    expect(complaints).toEqual([]);
  });
});

describe('the events of a live gateway', () => {
  /** Has an elder fall silent and come back, which are two events. */
  async function provoke(witness: EventStream): Promise<void> {
    // Who has not been heard of since a restart of the gateway cannot fall silent.
    await cluster.settled();
    const node = (await cluster.elders())[0]!;
    const told = (live: boolean) => () =>
      witness.events.some(({ type, data }) => {
        const event = JSON.parse(data) as { data: { node?: string; live?: boolean } };
        return type === 'heartbeat' && event.data.node === node.name && event.data.live === live;
      });
    for (const each of [node.elder, node.adult]) each.pause();
    await eventually('its silence is told', told(false), { withinMs: PATIENCE_MS });
    for (const each of [node.elder, node.adult]) each.resume();
    await eventually('its return is told', told(true), { withinMs: PATIENCE_MS });
  }

  test('resume behind the last one that was heard: nothing is missed, and nothing comes twice', async () => {
    const [staying, leaving] = [await EventStream.open(cluster.url), await EventStream.open(cluster.url)];
    await eventually('both know where they are', () => staying.lastId !== undefined && leaving.lastId !== undefined, {
      withinMs: 10_000,
    });
    const position = leaving.lastId!;
    expect(leaving.lastId).toBe(staying.lastId);
    leaving.leave();
    await provoke(staying);
    const resumed = await EventStream.open(cluster.url, position);
    await eventually('it has what the other has', () => resumed.lastId === staying.lastId, { withinMs: 10_000 });
    expect(staying.events.length).toBeGreaterThanOrEqual(2);
    expect(resumed.events).toEqual(staying.events);

    const middle = staying.events[0]!.id;
    const later = await EventStream.open(cluster.url, middle);
    await eventually('it has the rest', () => later.lastId === staying.lastId, { withinMs: 10_000 });
    expect(later.events).toEqual(staying.events.slice(1));
    for (const each of [staying, resumed, later]) each.leave();
  });

  test('begin anew after a restart of the gateway, and say so to those who come back', async () => {
    const before = await EventStream.open(cluster.url);
    await eventually('it knows where it is', () => before.lastId !== undefined, { withinMs: 10_000 });
    await restartGateway();
    const after = await EventStream.open(cluster.url, before.lastId);
    await eventually('it is told', () => after.events.length > 0, { withinMs: 10_000 });
    expect(after.events[0]).toMatchObject({ type: 'reset' });
    expect(JSON.parse(after.events[0]!.data)).toMatchObject({ data: { reason: 'unknown-id' } });
    const again = await EventStream.open(cluster.url, after.events[0]!.id);
    await provoke(again);
    expect(again.events.map(({ type }) => type)).not.toContain('reset');
    for (const each of [after, again]) each.leave();
  });
});
