import type { DkgReport } from '@witan/dkg';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { History, type HistoryEntry, Told } from '../src/history.ts';
import { answerHistoryRequest, encodeHistoryRequest, jsonArray, openHistory, pageOf } from '../src/history-messages.ts';
import { identities, TAG } from './support.ts';

const NODE = 'ab'.repeat(32);
const message = (at: number): DkgReport => ({
  type: 'message',
  at,
  phase: 'contribution',
  from: NODE,
  id: 'cd'.repeat(32),
});

describe('what a node saw of a session', () => {
  test('is told, but for what happens to every message', () => {
    const history = new History();
    expect(history.add(message(1), 100)).toMatchObject({ wallMs: 100, report: message(1) });
    const unsaid: DkgReport[] = [
      { type: 'rejected', at: 2, reason: 'late', phase: 'contribution' },
      { type: 'held', at: 2, count: 1 },
      { type: 'served', at: 2, to: NODE, items: 1, limited: false },
    ];
    for (const report of unsaid) expect(history.add(report, 100)).toBeUndefined();
    expect(history.all).toHaveLength(1);
  });

  test('is kept up to a bound, and told beyond it', () => {
    const history = new History();
    for (let i = 0; i < 5000; i++) expect(history.add(message(i), i)).toBeDefined();
    expect(history.all).toHaveLength(2000);
    expect(history.all[0]?.report.at).toBe(0);
  });

  test('has its end also after it has waited for days', () => {
    const history = new History();
    const add = (report: object) => history.add({ at: 0, ...report } as DkgReport, 0);
    const waits = (...waitingOn: string[]) => {
      for (let i = 0; i < 5000; i++) {
        add({ type: 'stalled', phase: 'contribution', waitingOn });
        add({ type: 'asked', to: NODE, reason: 'no-progress' });
        add({ type: 'answered', from: NODE, recovered: 0, result: 'timeout' });
      }
    };
    const rest = [
      { type: 'resumed', phase: 'complaining' },
      { type: 'stalled', phase: 'complaining', waitingOn: ['b'] },
      { type: 'done', key: new Uint8Array(48), usableShare: true, source: 'broadcast' },
    ];
    waits('a', 'b');
    waits('b');
    for (const report of rest) expect(add(report)).toBeDefined();
    const kept = history.all.map(({ report }) => report);
    expect(kept.slice(-3)).toMatchObject(rest);
    const stalls = kept.flatMap((report) => (report.type === 'stalled' ? [report.waitingOn.join()] : []));
    expect(stalls).toEqual(['a,b', 'b', 'b']);
    expect(kept.length).toBeLessThan(2000);
  });

  test('becomes text: keys in hex, evidence as the REST contract has it, and not without end', () => {
    const key = new Uint8Array(48).fill(0xab);
    const entryOf = (report: DkgReport) => JSON.parse(new Told(report, 5).json) as HistoryEntry;
    const done = entryOf({ type: 'done', at: 1, key, usableShare: true, source: 'answer' });
    expect(done).toEqual({ wallMs: 5, type: 'done', at: 1, key: 'ab'.repeat(48), usableShare: true });
    const evidence = [Uint8Array.of(251, 255), new Uint8Array(100_000), new Uint8Array(100_000)];
    const blame = entryOf({ type: 'blame', at: 1, node: NODE, reason: 'equivocation', phase: 'commitment', evidence });
    const [short, long, ...beyond] = blame.evidence as string[];
    expect(short).toBe('-_8');
    // Whole or not at all: part of a signed message proves nothing.
    expect(Buffer.from(long!, 'base64url')).toHaveLength(100_000);
    expect(beyond).toEqual([]);
  });
});

describe('pages', () => {
  const [node, other] = identities(2);
  const session = new Uint8Array(32).fill(3);
  const told = [message(1), message(2), message(3)].map((report) => new Told(report, report.at).json);
  const answer = (request: Uint8Array, by = node!) =>
    answerHistoryRequest(by, TAG, request, (id) => (id === '03'.repeat(32) ? told : []));

  test('are signed answers to one question', () => {
    const request = encodeHistoryRequest(session, 1);
    const page = openHistory(answer(request), TAG, node!.name, request);
    expect(page).toMatchObject({ entries: [{ wallMs: 2 }, { wallMs: 3 }], next: 3, more: false });
    const unknown = encodeHistoryRequest(new Uint8Array(32), 0);
    expect(openHistory(answer(unknown), TAG, node!.name, unknown)).toEqual({ entries: [], next: 0, more: false });
    expect(() => answer(Uint8Array.of(9, 9))).toThrow('WITAN_ERR_MALFORMED');
  });

  test('of another node, for another question, or changed on the way are refused', () => {
    const request = encodeHistoryRequest(session, 1);
    const open = (raw: Uint8Array) => () => openHistory(raw, TAG, node!.name, request);
    expect(open(answer(request, other!))).toThrow('WITAN_ERR_INVALID');
    expect(open(answer(encodeHistoryRequest(session, 0)))).toThrow('WITAN_ERR_INVALID');
    expect(open(answer(encodeHistoryRequest(new Uint8Array(32), 1)))).toThrow('WITAN_ERR_INVALID');
    const changed = answer(request);
    changed[changed.length - 70]! ^= 1;
    expect(open(changed)).toThrow('WITAN_ERR_SIGNATURE');
    expect(open(new Uint8Array(9))).toThrow('WITAN_ERR_MALFORMED');
  });

  test('one after the other hold everything once, whatever the sizes of the entries', () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constant(200_000), fc.constant(400_000)), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(sizes, (all) => {
        const entries = all.map((size, at) => new Told({ type: 'failed', at, reason: 'x'.repeat(size) }, at).json);
        const read: number[] = [];
        for (let after = 0, pages = 0; ; pages++) {
          const page = pageOf(entries, after);
          const size = jsonArray(page.entries).length;
          expect(page.entries.length === 1 || size <= 256 * 1024 + page.entries.length + 2).toBe(true);
          read.push(...page.entries.map((entry) => (JSON.parse(entry) as HistoryEntry).wallMs));
          after = page.next;
          if (!page.more) break;
          expect(pages).toBeLessThan(all.length);
        }
        expect(read).toEqual([...all.keys()]);
      }),
      { numRuns: 50 },
    );
  });

  test('behind the end there is nothing', () => {
    expect(pageOf([], 9)).toEqual({ entries: [], next: 9, more: false });
  });
});
