import { PHASES, type Session } from '@witan/api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ReportEntry } from '../src/backend-live/report-entry.ts';
import { SessionBook } from '../src/backend-live/session-book.ts';
import { identities, startOf, TAG } from './made-session.ts';

const NODES = identities(7);
const NAMES = NODES.map(({ name }) => name);
const LIARS = 2;
const HONEST = NAMES.slice(LIARS);
const KEY = 'ab'.repeat(48);
const T0 = 1_700_000_000_000;

/** With nobody accused Justification is skipped. */
const WALKED = PHASES.filter((phase) => phase !== 'justification');
const MOMENTS = [...WALKED, 'end'] as const;
type Moment = (typeof MOMENTS)[number];

/** When a participant is in each, ms after T0; what is not there it does not tell. */
type Times = Partial<Readonly<Record<Moment, number>>>;

/** @param openingMs from the close of Commitment to Finalisation, while shares are opened */
function entriesOf(times: Times, openingMs: number): ReportEntry[] {
  return MOMENTS.flatMap((moment, index) => {
    const afterMs = times[moment];
    if (afterMs === undefined) return [];
    const when = (earlierMs = 0) => ({ wallMs: T0 + afterMs - earlierMs, at: afterMs - earlierMs });
    const done = { ...when(), type: 'done', key: KEY, usableShare: true } as ReportEntry;
    const next = { ...when(), type: 'phase', phase: moment, expected: 7 } as ReportEntry;
    const earlierMs = moment === 'finalisation' ? openingMs : 0;
    const phase = MOMENTS[index - 1];
    const close = { ...when(earlierMs), type: 'closed', phase, view: 0, included: NAMES } as ReportEntry;
    return moment === 'end' ? [done] : phase === undefined ? [next] : [close, next];
  });
}

/** What is shown of a session that these tell of, in this order. */
function shown(told: readonly (readonly [string, Times])[], openingMs = 0): Session {
  const book = new SessionBook({ network: TAG, publish: () => {}, now: () => T0 + 60_000, isSilent: () => false });
  const { certified, id } = startOf(NODES);
  book.open(certified, false);
  for (const [node, times] of told) book.take(id, node, entriesOf(times, openingMs));
  return book.get(id);
}

const ms = (at: string | null) => (at === null ? Number.NaN : Date.parse(at) - T0);
const walked = ({ phases }: Session) => phases.filter(({ name }) => name !== 'justification');

/** Seven that go through it together, each phase so long, each participant so much later in each. */
const steps = fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: WALKED.length, maxLength: WALKED.length });
const lateness = (mostMs: number) =>
  fc.array(fc.array(fc.integer({ min: 0, max: mostMs }), { minLength: MOMENTS.length, maxLength: MOMENTS.length }), {
    minLength: HONEST.length,
    maxLength: HONEST.length,
  });
const honestTimes = (durations: readonly number[], late: readonly number[]): Times => {
  let at = 0;
  let before = 0;
  return Object.fromEntries(
    MOMENTS.map((moment, index) => {
      at += index === 0 ? 0 : durations[index - 1]!;
      before = Math.max(before, at + late[index]!);
      return [moment, before];
    }),
  );
};
/** Anything, also nothing, or all in one moment, as one that comes late. */
const anything: fc.Arbitrary<Times> = fc.oneof(
  fc.record(
    Object.fromEntries(MOMENTS.map((moment) => [moment, fc.integer({ min: -T0, max: 10_000_000 })])) as Record<
      Moment,
      fc.Arbitrary<number>
    >,
    { requiredKeys: [] },
  ),
  fc
    .integer({ min: 0, max: 60_000 })
    .map((at): Times => Object.fromEntries(MOMENTS.map((moment) => [moment, at])) as Times),
);
const liars = fc.array(anything, { minLength: LIARS, maxLength: LIARS });

const MIX = fc.record({
  durations: steps,
  late: lateness(2000),
  lies: liars,
  openingMs: fc.integer({ min: 0, max: 5 }),
});

describe('the times of a session', () => {
  test('follow each other, whatever a few tell: a phase ends where the next one begins, and none is shorter than nothing', () => {
    fc.assert(
      fc.property(
        MIX,
        fc.integer({ min: LIARS + 1, max: NODES.length }),
        ({ durations, late, lies, openingMs }, tellers) => {
          const all = [...lies, ...late.map((each) => honestTimes(durations, each))];
          const told = all.map((times, index) => [NAMES[index]!, times] as const);
          for (const some of [told.slice(0, tellers), told.toReversed().slice(0, tellers)]) {
            const session = shown(some, openingMs);
            for (const [index, phase] of session.phases.entries()) {
              if (phase.durationMs !== null) expect(phase.durationMs).toBe(ms(phase.endedAt) - ms(phase.startedAt));
              expect(phase.durationMs ?? 0).toBeGreaterThanOrEqual(0);
              const next = session.phases[index + 1]?.startedAt ?? null;
              if (next !== null) expect(phase.endedAt).toBe(next);
            }
            if (session.endedAt !== null) expect(session.phases.at(-1)!.endedAt).toBe(session.endedAt);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  test('are between those of honest participants, whatever as many as are tolerated tell', () => {
    fc.assert(
      fc.property(MIX, ({ durations, late, lies }) => {
        const honest = late.map((each) => honestTimes(durations, each));
        const told = [...lies, ...honest].map((times, index) => [NAMES[index]!, times] as const);
        const session = shown(told);
        const begins = [...walked(session).map(({ startedAt }) => ms(startedAt)), ms(session.endedAt)];
        for (const [index, moment] of MOMENTS.entries()) {
          const times = honest.map((each) => each[moment]!);
          expect(begins[index]).toBeGreaterThanOrEqual(Math.min(...times));
          expect(begins[index]).toBeLessThanOrEqual(Math.max(...times));
        }
      }),
      { numRuns: 100 },
    );
  });

  test('are how long each phase took, where all are about together, also with a few who came late', () => {
    const TOGETHER_MS = 20;
    const late = fc.array(fc.integer({ min: 0, max: 60_000 }), { maxLength: LIARS });
    fc.assert(
      fc.property(steps, lateness(TOGETHER_MS), late, (durations, offsets, comeLate) => {
        const together = offsets.map((each, index) => [HONEST[index]!, honestTimes(durations, each)] as const);
        const others = comeLate.map((at, index) => {
          const all = Object.fromEntries(MOMENTS.map((moment) => [moment, 100_000 + at])) as Times;
          return [NAMES[index]!, all] as const;
        });
        const took = walked(shown([...others, ...together])).map(({ durationMs }) => durationMs!);
        for (const [index, durationMs] of took.entries()) {
          expect(Math.abs(durationMs - durations[index]!)).toBeLessThanOrEqual(TOGETHER_MS);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('are those of six phases, of which one that was skipped took no time', () => {
    const durations = [126, 47, 21, 134, 5];
    const session = shown(NAMES.map((name, index) => [name, honestTimes(durations, Array(6).fill(index))]));
    expect(walked(session).map(({ durationMs }) => durationMs)).toEqual(durations);
    expect(session.phases.find(({ name }) => name === 'justification')).toMatchObject({ durationMs: 0 });
  });
});
