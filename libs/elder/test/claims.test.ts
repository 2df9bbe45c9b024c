import type { Identity } from '@witan/crypto';
import { unlessBad } from '@witan/errors';
import { MemoryJournal } from '@witan/journal';
import { answerCodec, append, heartbeatBody, holdingsBody, type Ledger, SERVICES } from '@witan/section';
import { decode, encode, openEnvelope, sealEnvelope } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { markRestored, Restoration } from '../src/restoration.ts';
import { handOver, identities, joinAfter, sectionOf, startSession, TAG } from './support.ts';

const BEAT_MS = 200;
const FRESH_MS = 5 * BEAT_MS;
/** Six questions, each with its time, after the time that all are listened to. */
const DISBELIEVED_AFTER_MS = FRESH_MS + 6 * FRESH_MS;

const members = identities(7);
const [self, ...others] = members;
/** Five elders, four of whom decide. */
const before = startSession(sectionOf(members), members.slice(0, 5));
const ledger = handOver(before);
const [, , , , adult, liar] = others;

const answerOf = (decisions: readonly Uint8Array[]) =>
  encode(answerCodec, { generation: 2 ** 31, decisions: [...decisions], ballots: [], values: [], more: false });

interface SetUp {
  /** By index in `others`, what each says of itself. */
  readonly says: (index: number, here: Ledger) => number | undefined;
  /** What a node answers to the asker that has this generation. */
  readonly answers: (name: string, generation: number, here: Ledger) => Uint8Array | undefined;
  readonly ledger?: Ledger;
  readonly as?: Identity;
  /** At each heartbeat something is decided, and what was asked at the one before is answered only then. */
  readonly isDeciding?: boolean;
}

/** A restored node that hears the others at every heartbeat. */
function restored({ says, answers, ledger: begin = ledger, as = self!, isDeciding = false }: SetUp) {
  let [nowMs, sequence, here] = [0, 0, begin];
  let due: (() => void)[] = [];
  const joining = isDeciding ? identities(60, 'newcomer') : [];
  const asked: { readonly name: string; readonly at: number }[] = [];
  const journal = new MemoryJournal();
  markRestored(journal);
  const restoration = new Restoration({
    journal,
    identity: as,
    networkTag: TAG,
    prefix: '',
    now: () => nowMs,
    freshMs: FRESH_MS,
    requestTimeoutMs: 600,
    take: (raw) => {
      // One that is here already is passed over.
      here = unlessBad(() => append(here, raw).ledger) ?? here;
    },
    transport: {
      request: (name, verb, bytes, _timeoutMs, done) => {
        const { kind, author, body } = openEnvelope(bytes, TAG);
        expect([verb, kind, author]).toEqual(['ae.section', 'sectionHoldings', as.name]);
        asked.push({ name, at: nowMs });
        const reply = () => {
          const answer = answers(name, decode(holdingsBody, body).generation!, here);
          done(answer ? { ok: true, bytes: answer } : { ok: false, error: 'WITAN_ERR_TIMEOUT' });
        };
        if (isDeciding) due.push(reply);
        else reply();
      },
    },
  });
  const beat = () => {
    nowMs += BEAT_MS;
    sequence++;
    const replies = due;
    due = [];
    const joins = joining.pop();
    if (joins) here = append(here, joinAfter(here, [joins])).ledger;
    for (const [index, identity] of others.entries()) {
      const generation = says(index, here);
      if (generation === undefined) continue;
      const body = { prefix: '', service: SERVICES.indexOf('elder'), generation, key: undefined, usableShare: false };
      restoration.heard(
        sealEnvelope(identity, TAG, 'heartbeat', encode(heartbeatBody, { ...body, sequence })).raw,
        here,
      );
    }
    const isSettled = restoration.settle(here);
    for (const reply of replies) reply();
    return isSettled;
  };
  /** When the past ended, if it did within so many ms. */
  const settledWithin = (ms: number) => {
    const end = nowMs + ms;
    while (nowMs < end) if (beat()) return nowMs;
    return undefined;
  };
  return { restoration, asked, settledWithin, generation: () => here.generation };
}

const asIs = (_: number, { generation }: Ledger) => generation;
const claims =
  (...liars: readonly number[]): SetUp['says'] =>
  (index, here) =>
    liars.includes(index) ? 2 ** 32 - 1 : here.generation;

describe('one that says that it is ahead', () => {
  const forged = joinAfter(ledger, [liar!]).with(-1, 0);
  test.each<[string, Uint8Array | undefined]>([
    ['does not answer', undefined],
    ['has nothing', answerOf([])],
    ['answers what is known', answerOf([ledger.decisions.at(-1)!])],
    ['answers what nobody has decided', answerOf([forged])],
    ['answers no answer', new Uint8Array(9)],
  ])('and %s is believed for long, and not for ever', (_, answer) => {
    const node = restored({ says: claims(5), answers: () => answer });
    expect(node.settledWithin(DISBELIEVED_AFTER_MS)).toBe(DISBELIEVED_AFTER_MS);
    expect(node.restoration.generation).toBe(ledger.generation);
    expect(node.asked.map(({ name }) => name)).toEqual(Array.from({ length: 7 }, () => liar!.name));
  });

  test('is asked each time in its own right; those who are no elders hold it back together no longer than one', () => {
    let beats = 0;
    const says: SetUp['says'] = (index, here) => {
      if (index === 0) beats++;
      // The second begins when the first has been asked already.
      return index === 5 || (index === 4 && beats > 7) ? 2 ** 32 - 1 : here.generation;
    };
    const node = restored({ says, answers: () => undefined });
    expect(node.settledWithin(2 * DISBELIEVED_AFTER_MS)).toBe(DISBELIEVED_AFTER_MS);
    expect(new Set(node.asked.map(({ name }) => name))).toEqual(new Set([adult!.name, liar!.name]));
  });

  test('may come under one name after the other, of those who are no elders', () => {
    let beats = 0;
    const inTurn: SetUp['says'] = (index, here) => {
      if (index === 0) beats++;
      return index === 4 + (Math.floor(beats / 15) % 2) ? 2 ** 32 - 1 : here.generation;
    };
    const node = restored({ says: inTurn, answers: () => undefined });
    expect(node.settledWithin(2 * DISBELIEVED_AFTER_MS)).toBe(DISBELIEVED_AFTER_MS);
  });

  test('and shows what has been decided since, as everybody could, is believed no longer', () => {
    const node = restored({
      isDeciding: true,
      says: claims(5),
      answers: (_, generation, here) => answerOf(here.decisions.slice(generation + 1)),
    });
    expect(node.settledWithin(2 * DISBELIEVED_AFTER_MS)).toBe(DISBELIEVED_AFTER_MS);
  });

  test('holds it back until it has caught up, however often the answer was lost before', () => {
    let questions = 0;
    const later = [before, ledger].map(({ decisions }) => decisions.at(-1)!);
    const first = sectionOf(members);
    const node = restored({
      ledger: first,
      says: (index, here) => (index === 5 ? ledger.generation : here.generation),
      answers: (_, generation) => {
        questions++;
        return questions % 6 === 0 ? answerOf(later.slice(generation - first.generation).slice(0, 1)) : undefined;
      },
    });
    const at = node.settledWithin(10 * DISBELIEVED_AFTER_MS);
    expect([node.generation(), node.restoration.generation]).toEqual([ledger.generation, ledger.generation]);
    expect(questions).toBe(12);
    expect(at).toBeGreaterThan(10 * FRESH_MS);
  });

  test('is believed again when it has something to show after all', () => {
    let hasIt = false;
    const first = sectionOf(members);
    const node = restored({
      ledger: first,
      as: adult!,
      // The only elder is not there.
      says: (index) => (index === 5 ? 2 ** 32 - 1 : undefined),
      answers: (_, generation) =>
        hasIt && generation === first.generation ? answerOf([before.decisions.at(-1)!]) : undefined,
    });
    expect(node.settledWithin(2 * DISBELIEVED_AFTER_MS)).toBeUndefined();
    hasIt = true;
    const questions = node.asked.length;
    expect(node.settledWithin(FRESH_MS + BEAT_MS)).toBeUndefined();
    expect([node.generation(), node.asked.length]).toEqual([before.generation, questions + 2]);
  });

  test('is not one of those who are not ahead, whatever it has to show', () => {
    const node = restored({ says: claims(0), answers: () => undefined });
    expect(node.settledWithin(3 * DISBELIEVED_AFTER_MS)).toBeUndefined();
    const four = restored({ says: asIs, answers: () => undefined });
    expect(four.settledWithin(DISBELIEVED_AFTER_MS)).toBe(FRESH_MS);
    expect(four.asked).toEqual([]);
  });
});
