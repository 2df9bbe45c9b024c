import { number, table, times } from '../table.ts';
import type { RecoveryFigures } from './measure.ts';

const BACK_TARGET_MS = 2000;

export function recoveryReport({ deadlineMs, ends, backs }: RecoveryFigures): string {
  return [
    `Two of seven and the coordinator killed (kill -9) in a session over NATS; a phase waits ${deadlineMs} ms for who is silent`,
    table(
      [
        'killed in',
        'who',
        'sessions',
        'deadlines waited',
        'kill → end p50 ms',
        'max ms',
        'max ÷ deadline',
        'max beyond deadlines, ms',
      ],
      ends.map(({ phase, who, deadlines, ended }) => [
        phase,
        who,
        ended.runs,
        deadlines,
        ended.p50Ms,
        ended.maxMs,
        times(ended.maxMs / deadlineMs),
        ended.maxMs - deadlines * deadlineMs,
      ]),
    ),
    'end: the last of the participants that are left has the key. A deadline runs from the begin of its phase, shortly before the kill.',
    '',
    `A participant killed and started again: from the start of its process (target ${number(BACK_TARGET_MS)} ms)`,
    table(
      ['killed in', 'started', 'processes', 'ready p50 ms', 'max ms', 'usable share p50 ms', 'max ms', 'max ÷ target'],
      backs.map(({ phase, ready, share }) => [
        phase ?? 'any phase, with another one',
        phase ? 'at once' : 'two, and the coordinator, when the session has ended',
        share.runs,
        ready.p50Ms,
        ready.maxMs,
        share.p50Ms,
        share.maxMs,
        times(share.maxMs / BACK_TARGET_MS),
      ]),
    ),
  ].join('\n');
}
