import { VirtualClock } from '@witan/runtime';
import { expect, test } from 'vitest';
import { patient, type Transport } from '../src/index.ts';

function setUp() {
  const clock = new VirtualClock();
  const handlers = new Map<string, (bytes: Uint8Array, topic: string) => void>();
  const transport: Transport = {
    publish: () => {},
    subscribe: (pattern, handler) => void handlers.set(pattern, handler),
    request: () => {},
    serve: () => {},
  };
  const heard: string[] = [];
  const late = patient(transport, clock);
  for (const pattern of ['section.root.dkg.*', 'section.root.events']) {
    late.subscribe(pattern, (bytes, topic) => heard.push(`${topic} ${bytes[0]}`));
  }
  const sayBytes = (pattern: string, topic: string, bytes: Uint8Array) => handlers.get(pattern)!(bytes, topic);
  const say = (pattern: string, topic: string, first: number) => sayBytes(pattern, topic, Uint8Array.of(first));
  return { clock, heard, say, sayBytes };
}

test('messages of sessions come in bundles and in order, everything else at once', () => {
  const { clock, heard, say } = setUp();
  say('section.root.dkg.*', 'section.root.dkg.a', 1);
  say('section.root.events', 'section.root.events', 2);
  say('section.root.dkg.*', 'section.root.dkg.b', 3);
  expect(heard).toEqual(['section.root.events 2']);
  while (clock.step());
  expect(heard).toEqual(['section.root.events 2', 'section.root.dkg.a 1', 'section.root.dkg.b 3']);
  expect(clock.now()).toBe(250);
  say('section.root.dkg.*', 'section.root.dkg.a', 4);
  while (clock.step());
  expect(heard.at(-1)).toBe('section.root.dkg.a 4');
});

test('a flood is bounded', () => {
  const { clock, heard, say } = setUp();
  for (let i = 0; i < 10_000; i++) say('section.root.dkg.*', 'section.root.dkg.a', i);
  while (clock.step());
  expect(heard).toHaveLength(4096);
});

test('a flood of long messages is bounded in bytes, and the next bundle has room again', () => {
  const { clock, heard, sayBytes } = setUp();
  const flood = () => {
    for (let i = 0; i < 100; i++) sayBytes('section.root.dkg.*', 'section.root.dkg.a', new Uint8Array(1024 * 1024));
    while (clock.step());
  };
  flood();
  expect(heard).toHaveLength(16);
  flood();
  expect(heard).toHaveLength(32);
});
