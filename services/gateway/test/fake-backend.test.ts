import { PHASES } from '@witan/api';
import { describe, expect, test } from 'vitest';
import { fakeBackend } from './harness.ts';

describe('the fake section', () => {
  test('starts with what a page has to show', () => {
    const backend = fakeBackend();
    const sessions = backend.sessions();
    expect(backend.nodes()).toHaveLength(9);
    expect(backend.section('root').elders).toHaveLength(7);
    expect(backend.world.links).toHaveLength(5);
    expect(new Set(sessions.map(({ state }) => state))).toEqual(new Set(['done', 'failed', 'stalled', 'running']));
    expect(sessions.some(({ blame }) => blame.length > 0)).toBe(true);
    expect(sessions.some(({ repairs }) => repairs.length > 0)).toBe(true);
  });

  test('stays consistent with itself however long it runs', () => {
    const backend = fakeBackend();
    for (let tick = 0; tick < 600; tick += 1) {
      backend.tick();
      const { world } = backend;
      const section = backend.section('root');
      expect(section.key).toBe(world.links.at(-1)?.key);
      expect(section.elders.filter(({ live }) => live).length).toBeGreaterThan(0);
      for (const session of backend.sessions()) {
        const names = session.participants.map(({ name }) => name);
        const current = PHASES.indexOf(session.phase);
        expect(names).toEqual([...names].sort());
        expect(session.waitingOn.every((name) => names.includes(name))).toBe(true);
        expect(session.resultKey === null).toBe(session.state !== 'done');
        expect(session.endedAt === null).toBe(session.state === 'running' || session.state === 'stalled');
        for (const [index, phase] of session.phases.entries()) {
          expect(phase.received).toBe(phase.messages.length);
          expect(phase.startedAt !== null).toBe(index <= current);
          expect(phase.close !== null).toBe(phase.closeView !== null);
          if (phase.close) expect(phase.close.included).toEqual(phase.messages.map(({ from }) => from).sort());
        }
      }
    }
    const { links } = backend.world;
    for (const [index, link] of links.entries()) {
      expect(link.index).toBe(index);
      expect(link.parentKey).toBe(links[Math.max(0, index - 1)]?.key);
    }
    expect(links.length).toBeGreaterThan(8);
  });
});
