import { toHex } from '@witan/crypto';
import { WitanError, type WitanErrorCode } from '@witan/errors';
import { VirtualClock } from '@witan/runtime';
import type { SectionReport } from '@witan/section';
import { World } from '@witan/simulator';
import { beforeAll, describe, expect, test } from 'vitest';
import { watchElder, watchFollower } from '../src/index.ts';
import { instruments, NODES } from './support.ts';

const PEER = NODES[1]!.name;
const SESSION = 'ab'.repeat(32);
/** What the first of three nodes told while they made a key. */
const told: SectionReport[] = [];
let world: World;

beforeAll(() => {
  world = new World({ seed: 3, nodes: 3, policy: { elderCount: 3 } });
  const [first] = world.nodes;
  world.watchers.push({ section: (node, report) => void (node === first && told.push(report)) });
  world.startAll();
  const isDone = () => first!.elder!.state.ledger?.elders.length === 3;
  if (!world.run(60_000, isDone)) throw new Error('no key was made');
  world.run(1000);
});

/** Those who decide, and those who only follow, tell of the same reports. */
const KINDS = {
  elder: () => {
    const made = instruments();
    const clock = world.clock;
    const { section } = watchElder({ ...made, elder: () => world.nodes[0]!.elder!, clock });
    return { ...made, section: section! };
  },
  follower: () => {
    const made = instruments();
    return { ...made, section: watchFollower(made.meter, made.log) };
  },
};

describe.each(['elder', 'follower'] as const)('the section as the metrics and the log of a %s have it', (kind) => {
  test('every decision is counted once by what was decided, and told with its session and key', () => {
    const { meter, lines, section } = KINDS[kind]();
    for (const report of told) section(report);
    const decided = told
      .filter((report) => report.type === 'decided')
      .map(({ certified }) => certified.decision.action);
    for (const action of ['genesis', 'join', 'dkg', 'handover'] as const) {
      const count = decided.filter(({ type }) => type === action).length;
      expect(count).toBeGreaterThan(0);
      expect(meter.value('witan_decisions_total', { action })).toBe(count);
      const said = lines.filter((line) => line.event === 'decided' && line.action === action);
      expect(said).toHaveLength(count);
      for (const line of said) {
        const isOfSession = action === 'dkg' || action === 'handover';
        expect(/^[0-9a-f]{64}$/.test(String(line.session))).toBe(isOfSession);
        expect(/^[0-9a-f]{96}$/.test(String(line.key))).toBe(action === 'handover');
      }
    }
    const decisions = lines.filter(({ event }) => event === 'decided').map(({ decision }) => decision);
    expect(new Set(decisions).size).toBe(decisions.length);
    for (const decision of decisions) expect(decision).toMatch(/^[0-9a-f]{16}$/);
    const sessions = (action: string) => lines.filter((line) => line.action === action).map(({ session }) => session);
    expect(sessions('dkg')).toEqual(expect.arrayContaining(sessions('handover')));
  });

  test.each([
    ['start', 'restart'],
    ['behind', 'behind'],
    ['no-progress', 'no-progress'],
    ['more', 'more'],
  ] as const)('who asks because of %s counts as %s, with each result', (asked, reason) => {
    const { meter, section } = KINDS[kind]();
    for (const result of ['new', 'nothing', 'timeout', 'refused'] as const) {
      section({ type: 'asked', at: 0, to: PEER, reason: asked });
      section({ type: 'answered', at: 1, from: PEER, recovered: result === 'new' ? 4 : 0, result, more: false });
      expect(meter.value('witan_anti_entropy_requests_total', { kind: 'section', reason, result })).toBe(1);
    }
    expect(meter.value('witan_anti_entropy_recovered_total', { kind: 'section' })).toBe(4);
  });

  test('what is not taken is counted by its reason; another genesis key and newer nodes are cried out, once', () => {
    const { meter, lines, section } = KINDS[kind]();
    for (const reason of ['stale', 'untrusted-key', 'untrusted-key'] as const) {
      section({ type: 'rejected', at: 0, reason });
    }
    for (const detail of ['a speaks 2', 'b speaks 2'])
      section({ type: 'rejected', at: 0, reason: 'unsupported', detail });
    const channel = kind === 'elder' ? 'decisions' : 'events';
    expect(meter.samples('witan_messages_rejected_total')).toEqual([
      { labels: { channel, reason: 'stale' }, value: 1 },
      { labels: { channel, reason: 'untrusted-key' }, value: 2 },
      { labels: { channel, reason: 'unsupported' }, value: 2 },
    ]);
    const warnings = lines.filter(({ level }) => level === 'warn').map(({ event, detail }) => [event, detail]);
    expect(warnings).toEqual([
      ['untrusted-genesis', undefined],
      ['newer-version', 'a speaks 2'],
    ]);
  });
});

describe('an elder', () => {
  test('counts what it served, the views that it entered, and who said two things', () => {
    const { meter, lines, section } = KINDS.elder();
    for (const [items, limited] of [
      [2, false],
      [0, false],
      [0, true],
    ] as const) {
      section({ type: 'served', at: 0, to: PEER, items, limited });
    }
    const served = meter.samples('witan_anti_entropy_served_total').map(({ labels }) => labels.result);
    expect(served).toEqual(['answered', 'nothing', 'limited']);
    section({ type: 'view', at: 0, generation: 5, view: 1, waitingOn: [PEER] });
    expect(meter.value('witan_decision_views_total', { use: 'section' })).toBe(1);
    section({ type: 'equivocation', at: 0, node: PEER, evidence: [new Uint8Array(9)] });
    expect(meter.value('witan_messages_rejected_total', { channel: 'decisions', reason: 'equivocation' })).toBe(1);
    expect(lines.map(({ event }) => event)).toEqual(['view', 'equivocation']);
  });

  test('tells after a start what it has of its section, and when it has a share of which key', () => {
    const { lines, section } = KINDS.elder();
    const { ledger } = world.nodes[0]!.elder!.state;
    for (const usableShare of [true, false])
      section({ type: 'ledger', at: 0, ledger: ledger!, recovered: true, usableShare });
    section({ type: 'share', at: 1, usable: true, key: ledger!.key });
    const [key, { generation }] = [toHex(ledger!.key), ledger!];
    expect(lines).toMatchObject([
      { event: 'recovered', generation, key, usableShare: true },
      { event: 'recovered', generation, key, usableShare: false },
      { event: 'share', usable: true, key },
    ]);
  });

  test('shows the section as it is now, and its share of the key', () => {
    const { meter } = KINDS.elder();
    const read = () =>
      ['witan_section_elders', 'witan_section_threshold', 'witan_node_is_elder', 'witan_elder_usable_share'].map(
        (name) => meter.value(name),
      );
    expect(read()).toEqual([3, 3, 1, 1]);
    expect(meter.value('witan_section_live_elders')).toBe(3);
  });

  test('counts each request to sign that it refuses, and says why once a minute for each reason', () => {
    const made = instruments();
    const clock = new VirtualClock();
    const { signRefused } = watchElder({ ...made, elder: () => world.nodes[0]!.elder!, clock });
    const refuse = (code: WitanErrorCode, times: number) => {
      for (let i = 0; i < times; i++) signRefused!(new WitanError(code, 'why'));
    };
    const said = () => made.lines.splice(0).map(({ level, event, code, detail }) => [level, event, code, detail]);
    refuse('WITAN_ERR_CLOCK', 5);
    refuse('WITAN_ERR_NOT_READY', 3);
    expect(made.meter.samples('witan_messages_rejected_total')).toEqual([
      { labels: { channel: 'request', reason: 'clock' }, value: 5 },
      { labels: { channel: 'request', reason: 'not-ready' }, value: 3 },
    ]);
    const lines = ['WITAN_ERR_CLOCK', 'WITAN_ERR_NOT_READY'].map((code) => ['warn', 'sign-refused', code, 'why']);
    expect(said()).toEqual(lines);
    clock.advance(59_000);
    refuse('WITAN_ERR_CLOCK', 1);
    expect(said()).toEqual([]);
    clock.advance(2000);
    refuse('WITAN_ERR_CLOCK', 1);
    expect(said()).toEqual(lines.slice(0, 1));
  });

  test('counts requests that it refuses by the code of the error, and troubles of its own as errors', () => {
    const made = instruments();
    const { badRequest, trouble } = watchElder({ ...made, elder: () => world.nodes[0]!.elder!, clock: world.clock });
    badRequest!('sign', new WitanError('WITAN_ERR_MALFORMED', 'x'));
    badRequest!('sign', new Error('a defect'));
    const reasons = made.meter.samples('witan_messages_rejected_total').map(({ labels }) => labels.reason);
    expect(reasons).toEqual(['malformed', 'internal']);
    trouble!('crash', new Error('a defect'), 'section');
    trouble!('store', new WitanError('WITAN_ERR_STORE_FULL', 'x'), `dkg/${SESSION}`);
    expect(made.lines.map(({ level, event, actor, session }) => [level, event, actor, session])).toEqual([
      ['debug', 'bad-request', undefined, undefined],
      ['debug', 'bad-request', undefined, undefined],
      ['error', 'crash', 'section', undefined],
      ['error', 'store', 'dkg', SESSION],
    ]);
  });
});
