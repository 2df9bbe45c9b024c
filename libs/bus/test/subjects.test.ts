import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { subjects } from '../src/index.ts';

const net = subjects('main');

test('every subject of the design', () => {
  expect(net.dkg('', 'ab12')).toBe('witan.main.section.root.dkg.ab12');
  expect(net.dkg('01', 'ab12')).toBe('witan.main.section.01.dkg.ab12');
  expect(net.decisions('')).toBe('witan.main.section.root.decisions');
  expect(net.events('1')).toBe('witan.main.section.1.events');
  expect(net.join('')).toBe('witan.main.section.root.join');
  expect(net.heartbeats('')).toBe('witan.main.section.root.heartbeats');
  expect(net.node('ff00', 'elder', 'ae.dkg')).toBe('witan.main.node.ff00.elder.ae.dkg');
  expect(net.topic('section.root.dkg.ab12')).toBe(net.dkg('', 'ab12'));
});

describe('no name can bring a dot, a wildcard or a space along', () => {
  const bad = ['', '*', '>', 'a.b', 'a b', 'a\r\nPUB', 'ä', 'a'.repeat(129)];

  test.each(bad)('%j', (name) => {
    expect(() => subjects(name)).toThrow(/WITAN_ERR_INVALID/);
    expect(() => net.dkg('', name)).toThrow(/WITAN_ERR_INVALID/);
    expect(() => net.node(name, 'elder', 'v')).toThrow(/WITAN_ERR_INVALID/);
    expect(() => net.node('n', name, 'v')).toThrow(/WITAN_ERR_INVALID/);
  });

  test.each(bad.filter((name) => name !== 'a.b'))('nor a verb or a topic: %j', (name) => {
    for (const make of [(verb: string) => net.node('n', 's', verb), net.topic]) {
      expect(() => make(name)).toThrow(/WITAN_ERR_INVALID/);
      expect(() => make(`a.${name}`)).toThrow(/WITAN_ERR_INVALID/);
    }
  });

  test.each(['root', '2', '0 1', '0.1', '*', '0'.repeat(257)])('nor a prefix: %j', (prefix) => {
    for (const make of [net.decisions, net.events, net.join, net.heartbeats]) {
      expect(() => make(prefix)).toThrow(/WITAN_ERR_INVALID/);
    }
  });
});

test('a node’s subject has as many tokens as its parts, whatever the name', () => {
  fc.assert(
    fc.property(fc.string(), (name) => {
      let subject: string;
      try {
        subject = net.node(name, 'elder', 'sign');
      } catch (error) {
        expect(String(error)).toContain('WITAN_ERR_INVALID');
        return;
      }
      expect(subject.split('.')).toEqual(['witan', 'main', 'node', name, 'elder', 'sign']);
    }),
  );
});
