import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHAOS_DEFAULTS, type Io, styleFor } from '@witan/cli';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { Conductor, type RunOptions } from './conductor.ts';
import { EXPERIMENTS, type Experiment } from './experiments.ts';
import type { History } from './history.ts';
import { runOn } from './index.ts';
import { summaryOf } from './report/summary.ts';
import { missedOf } from './short-run.ts';
import { StandIn } from './stand-in.ts';
import { judge } from './verdict.ts';

const SEEDS = 40;
const named = (name: string): Experiment => EXPERIMENTS.find((each) => each.name === name)!;
/** All that the stand-in needs to be broken is done at once. */
const breaking = (name: string, run: Experiment['run']): Experiment => ({ name, title: name, needs: [], run });
const killGateway = breaking('kill-the-gateway', async (stage) => stage.kill(await stage.parts('gateway')));

let open: StandIn[] = [];
afterEach(async () => {
  await Promise.all(open.map((world) => world.stop()));
  open = [];
});

/** A stand-in that does these things in another way. */
function standIn(other: Partial<StandIn> = {}): StandIn {
  const world = Object.assign(new StandIn(), other);
  open.push(world);
  return world;
}

function run(world: StandIn, experiments: readonly Experiment[], more: Partial<RunOptions> = {}): Promise<History> {
  return new Conductor({
    world,
    experiments,
    seed: 1,
    holdMs: 50,
    clients: 2,
    ratePerS: 20,
    patienceMs: 500,
    steadyMs: 100,
    calmMs: 20,
    signal: new AbortController().signal,
    onProgress: () => {},
    ...more,
  }).run();
}

const violations = (history: History): string[] => history.violations.map(({ what }) => what);

describe('a run', () => {
  test('of what heals has nothing to say, and shows an API key where one is wanted', async () => {
    const world = standIn({ apiKey: 'secret' });
    const history = await run(world, [named('calm'), killGateway], { apiKey: 'secret' });
    expect(violations(history)).toEqual([]);
    expect(missedOf(history)).toEqual([]);
    expect([...history.operations].some(({ ok }) => ok)).toBe(true);
  });

  test('of some minutes goes through all experiments, and then draws by weight', async () => {
    const end = new AbortController();
    let runs = 0;
    const count = async () => {
      if (++runs === 6) end.abort();
    };
    const names = ['a', 'b', 'c', 'd'];
    const experiments = names.map((name) => ({ ...breaking(name, count), weight: name === 'c' ? 1 : 1e-9 }));
    const history = await run(standIn(), experiments, { forMs: 3_600_000, signal: end.signal });
    const drawn = history.episodes.map(({ experiment }) => experiment);
    expect(drawn.slice(0, names.length).toSorted()).toEqual(names);
    expect(drawn.slice(names.length)).toEqual(['c', 'c']);
  });

  test('in which the gateway is ready and signs nothing ends with a history that says so', async () => {
    const history = await run(standIn({ apiKey: 'secret' }), [named('calm')], { clients: 0 });
    expect(violations(history)).toEqual([
      expect.stringMatching(/^in the end no attestation comes from http:.*: WITAN_ERR_/),
    ]);
  });

  test('has not healed as long as somebody is away, though the section does not need him', async () => {
    const revive = StandIn.prototype.revive;
    const world: StandIn = standIn({
      revive: (parts) =>
        revive.call(
          world,
          parts.filter(({ role }) => role !== 'coordinator'),
        ),
    });
    const kill = breaking('kill-both', async (stage) => {
      await stage.kill([...(await stage.parts('coordinator')), ...(await stage.parts('nats'))]);
    });
    expect(violations(await run(world, [kill]))).toEqual(['kill-both: not healed in 0.5 s: coordinator-0 is dead']);
  });

  test('that is interrupted puts right what is broken, accuses nobody, and says that it was', async () => {
    const end = new AbortController();
    const away = breaking('away', async (stage) => {
      await stage.kill(await stage.elders(1));
      setTimeout(() => end.abort(), 20);
      await stage.hold(60_000);
    });
    let calls = 0;
    const revive = StandIn.prototype.revive;
    const world: StandIn = standIn({
      // They are some time away.
      revive: async (parts) => {
        calls++;
        setTimeout(() => revive.call(world, parts), 300);
      },
    });
    const history = await run(world, [away, killGateway], { signal: end.signal, patienceMs: 100 });
    expect(history).toMatchObject({ interrupted: true, violations: [] });
    expect(history.episodes).toMatchObject([{ experiment: 'away', struck: undefined, healedMs: undefined }]);
    expect(calls).toBe(1);
    const verdict = judge(history, [away]);
    expect(verdict.findings[0]!.missed).toEqual([]);
    const { facts, rows, columns } = summaryOf(history, verdict);
    expect(facts).toContainEqual(expect.stringMatching(/^it was interrupted/));
    expect(rows[0]![columns.indexOf('healed')]).toBe('–');
  });

  test('rolls back an upgrade that failed', async () => {
    let isOther = false;
    const world = standIn({
      upgrade: async () => {
        isOther = true;
        throw new Error('no such image');
      },
      rollBack: async () => {
        isOther = false;
      },
    });
    const history = await run(world, [named('upgrade')]);
    expect(missedOf(history)).toEqual([expect.stringMatching(/cut short: no such image/)]);
    expect(isOther).toBe(false);
  });

  test('goes on when it takes more than one try to put something right', async () => {
    let failures = 2;
    const revive = StandIn.prototype.revive;
    const world = standIn({
      revive(parts) {
        if (failures-- > 0) return Promise.reject(new Error('the daemon is busy'));
        return revive.call(world, parts);
      },
    });
    const history = await run(world, [killGateway, named('calm')]);
    expect(violations(history)).toEqual([]);
    expect(history.episodes).toHaveLength(2);
    expect(history.episodes[0]!.marks).toContainEqual(
      expect.objectContaining({ text: 'not put right yet: the daemon is busy' }),
    );
  });

  test('in which something cannot be put right ends with a history that says so', async () => {
    const world = standIn({ revive: () => Promise.reject(new Error('no such container')) });
    const history = await run(world, [killGateway, named('calm')]);
    expect(history.episodes).toHaveLength(1);
    expect(violations(history)).toEqual([
      'kill-the-gateway was not put right: no such container',
      expect.stringMatching(/^kill-the-gateway: not healed in 0.5 s: /),
      expect.stringMatching(/^in the end the chain cannot be asked for: /),
      expect.stringMatching(/^in the end sessions cannot be asked for: /),
      expect.stringMatching(/^in the end the network cannot be asked for: /),
    ]);
  });

  test('tells what parts complain of once, after the fault in which they do, and goes on when they cannot be asked', async () => {
    let asked = 0;
    const complaints = async () => {
      if (asked++ === 1) throw new Error('no answer');
      return ['elder-3 has ended by itself'];
    };
    const history = await run(standIn({ complaints }), [named('calm'), named('calm'), named('calm')]);
    expect(violations(history)).toEqual([
      'elder-3 has ended by itself',
      'what its parts tell cannot be asked for: no answer',
    ]);
    expect(history.violations[0]!.atMs).toBeLessThan(history.episodes[1]!.startedMs);
    expect(asked).toBe(4);
  });
});

describe('an experiment has missed', () => {
  test.each([
    ['that breaks nobody', breaking('x', (stage) => stage.kill([])), /there is nobody to break/],
    [
      'that finds fewer than it was to break',
      breaking('x', async (stage) => stage.kill(await stage.elders(5))),
      /of 5 parts to break there are 4/,
    ],
    [
      'that fails on its way',
      breaking('x', async () => {
        throw new Error('out of luck');
      }),
      /cut short: out of luck/,
    ],
  ])('%s', async (_, experiment, why) => {
    const history = await run(standIn(), [experiment]);
    expect(history.episodes[0]!.struck).toBe(false);
    expect(missedOf(history)).toEqual([expect.stringMatching(why)]);
    expect(judge(history, [experiment]).findings[0]!.missed).toContain('struck');
    expect(violations(history)).toEqual([]);
  });

  test('that filled disks of which nobody says that they are full', async () => {
    const filled: string[][] = [];
    const disks = (said: readonly string[]): StandIn =>
      standIn({
        fillable: () => [0, 1, 2, 3].map((index) => ({ name: `node-${index}`, role: 'node' })),
        fillDisk: async (parts) => void filled.push(parts.map(({ name }) => name)),
        withoutRoom: async () => said,
      });
    const every = ['node-0', 'node-1', 'node-2', 'node-3'];
    expect(missedOf(await run(disks(every), [named('fill-disk')]))).toEqual([]);
    const silent = await run(disks([]), [named('fill-disk')], { waitMs: 100 });
    expect(missedOf(silent)).toEqual([
      expect.stringMatching(/MISSED: nothing that was to be written found no room: node-/),
    ]);
    for (const names of filled) expect(names).toHaveLength(2);
    const few = standIn({ fillable: () => [{ name: 'node-0', role: 'node' }] });
    expect(missedOf(await run(few, [named('fill-disk')]))).toEqual([
      expect.stringMatching(/of 2 disks to fill there are 1/),
    ]);
  });

  test('that was to kill in a phase which was over before', async () => {
    const kill = (of: Partial<StandIn>) => run(standIn({ phase: 'commitment', ...of }), [named('kill-in-commitment')]);
    // It may have been long over when a gateway told of it, however long it was.
    const early = await kill({ phaseMs: 60_000 });
    expect(missedOf(early)).toEqual([expect.stringMatching(/MISSED: commitment was over \d+ ms before the kill/)]);
    expect(missedOf(await kill({ phaseMs: 60_000, phaseAt: new Date().toISOString() }))).toEqual([]);
    const unknown = await kill({ phaseMs: undefined });
    expect(missedOf(unknown)).toEqual([expect.stringMatching(/MISSED: cannot tell when commitment was/)]);
    const inTime = await run(standIn({ phase: 'commitment' }), [named('kill-in-commitment')]);
    expect(missedOf(inTime)).toEqual([]);
  });

  test('that was to kill in a phase of which nobody hears, and not when the run is ended', async () => {
    const end = new AbortController();
    const waits = breaking('x', async (stage) => {
      end.abort();
      await stage.phase('commitment');
    });
    const history = await run(standIn(), [waits], { signal: end.signal });
    expect(history.episodes[0]!.struck).toBeUndefined();
    const deaf = breaking('x', async (stage) => {
      await stage.kill(await stage.parts('gateway'));
      await stage.phase('commitment');
    });
    expect(missedOf(await run(standIn(), [deaf]))).toEqual([
      expect.stringMatching(/MISSED: no DKG session was seen in commitment: /),
    ]);
  });
});

test('in each phase, who is killed is drawn from all roles, and both sections go on', async () => {
  const more = { holdMs: 1, steadyMs: 1, clients: 0 };
  const draw = async (seed: number): Promise<string[]> => {
    const world = standIn({ phase: 'contribution', hasAnotherGateway: true });
    const history = await run(world, [named('kill-in-contribution')], { seed, ...more });
    expect(missedOf(history)).toEqual([]);
    const [away, victims] = world.killed as [string[], string[]];
    expect(victims).not.toContain(away[0]);
    return victims;
  };
  const killed = await Promise.all(Array.from({ length: SEEDS }, (_, seed) => draw(seed)));
  const roles = new Set(killed.flat().map((name) => name.split('-')[0]));
  expect(roles).toEqual(new Set(['node', 'coordinator', 'gateway', 'nats']));
  expect(killed.some((victims) => victims.length > 1)).toBe(true);
  // Of four elders that are also the participants one is away, and one more may be.
  expect(Math.max(...killed.map((victims) => victims.filter((name) => name.startsWith('node')).length))).toBe(1);
}, 120_000);

describe('before somebody is killed in Finalisation', () => {
  const disturbed = { phase: 'finalisation', abilities: new Set(['kill', 'keep-down', 'disturb'] as const) } as const;
  const kill = (world: StandIn, seed: number) =>
    run(world, [named('kill-in-finalisation')], { seed, holdMs: 1, steadyMs: 1, clients: 0 });

  test('a participant that is no elder falls silent, so that last words are not said ahead', async () => {
    for (let seed = 0; seed < 8; seed++) {
      const world = standIn({ ...disturbed, newcomers: 1, hasAnotherGateway: true });
      expect(missedOf(await kill(world, seed))).toEqual([]);
      const [away, silent, victims] = world.killed as [string[], string[], string[]];
      expect([...away, ...victims]).not.toContain('node-0');
      expect(silent).toEqual(['node-0']);
      expect(victims.length).toBeGreaterThan(0);
    }
  });

  test('it has missed where there is none', async () => {
    expect(missedOf(await kill(standIn(disturbed), 1))).toEqual([
      expect.stringMatching(/MISSED: all participants that are known are elders already/),
    ]);
  });
});

describe('witan chaos, where all gateways stay dead', () => {
  test('ends with 1 and a report that says so', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'witan-report-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const said: string[] = [];
    const sink = { write: (text: string) => said.push(text) > 0 };
    const style = styleFor({ NO_COLOR: '1' }, false);
    const io = { output: sink, errors: sink, env: {}, terminal: false, style, errorStyle: style } as unknown as Io;
    const world = standIn({
      revive: async () => {},
      writeLogs: () => Promise.reject(new Error('no room')),
    });
    const options = { ...CHAOS_DEFAULTS, driver: 'local', hold: 1, seed: 1, logs: folder, report: folder } as const;
    const timing = { patienceMs: 500, steadyMs: 100, calmMs: 20 };
    const code = await runOn({ ...io, signal: new AbortController().signal }, world, [killGateway], {
      ...options,
      timing,
    });
    expect(code).toBe(1);
    expect(said.join('')).toContain('logs: no room');
    const report = readFileSync(join(folder, 'local.md'), 'utf8');
    expect(report).toMatch(/\*\*\d+ things happened that must never happen/);
    expect(report).toContain('kill-the-gateway: not healed');
    expect(report).toContain('made up');
  });
});
