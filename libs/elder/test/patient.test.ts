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
  let listener: (what: string) => void = () => {};
  const onHeard = (next: typeof listener) => {
    listener = next;
  };
  const lost: string[] = [];
  const late = patient(transport, clock, ({ code }) => lost.push(code));
  for (const pattern of ['section.root.dkg.*', 'section.root.events', 'section.root.heartbeats']) {
    late.subscribe(pattern, (bytes, topic) => {
      const what = `${topic} ${bytes[0]}`;
      heard.push(what);
      listener(what);
    });
  }
  const sayBytes = (pattern: string, topic: string, bytes: Uint8Array) => handlers.get(pattern)!(bytes, topic);
  const say = (pattern: string, topic: string, first: number) => sayBytes(pattern, topic, Uint8Array.of(first));
  return { clock, heard, lost, say, sayBytes, onHeard };
}

test('decisions and messages of sessions come in bundles and in order, everything else at once', () => {
  const { clock, heard, say } = setUp();
  say('section.root.dkg.*', 'section.root.dkg.a', 1);
  say('section.root.events', 'section.root.events', 2);
  say('section.root.heartbeats', 'section.root.heartbeats', 3);
  say('section.root.dkg.*', 'section.root.dkg.b', 4);
  expect(heard).toEqual(['section.root.heartbeats 3']);
  while (clock.step());
  expect(heard.slice(1)).toEqual(['section.root.dkg.a 1', 'section.root.events 2', 'section.root.dkg.b 4']);
  expect(clock.now()).toBe(250);
  say('section.root.dkg.*', 'section.root.dkg.a', 5);
  while (clock.step());
  expect(heard.at(-1)).toBe('section.root.dkg.a 5');
});

test('what a decision sets going comes before what was said after it', () => {
  const { clock, heard, say, onHeard } = setUp();
  onHeard((what) => {
    if (what.includes('events')) clock.defer(() => heard.push('begun'));
  });
  say('section.root.events', 'section.root.events', 1);
  say('section.root.dkg.*', 'section.root.dkg.a', 2);
  while (clock.step());
  expect(heard).toEqual(['section.root.events 1', 'begun', 'section.root.dkg.a 2']);
});

test('a flood of what is said in sessions leaves room for decisions', () => {
  const { clock, heard, say } = setUp();
  for (let i = 0; i < 10_000; i++) say('section.root.dkg.*', 'section.root.dkg.a', i);
  say('section.root.events', 'section.root.events', 1);
  while (clock.step());
  expect(heard.at(-1)).toBe('section.root.events 1');
});

test('a flood is bounded, and what is lost of it is told', () => {
  const { clock, heard, lost, say } = setUp();
  for (let i = 0; i < 10_000; i++) say('section.root.dkg.*', 'section.root.dkg.a', i);
  while (clock.step());
  expect(heard).toHaveLength(4096);
  expect(lost).toHaveLength(10_000 - 4096);
  expect(new Set(lost)).toEqual(new Set(['WITAN_ERR_RATE_LIMITED']));
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
