import { formErrors, Reason } from '@witan/api';
import { expect, test } from 'vitest';
import { readEntries } from '../src/backend-live/report-entry.ts';

const asked = (reason: string) => ({ wallMs: 1, at: 0, type: 'asked', to: 'ab'.repeat(32), reason });

test.each(['later-phase', 'phase-2', 'x'.repeat(64)])(
  'a reason that clients may be told is taken of nodes: %s',
  (reason) => {
    expect(formErrors(Reason, reason)).toEqual([]);
    expect(readEntries([asked(reason)])).toEqual([asked(reason)]);
  },
);

test.each(['', 'Later', 'later--phase', '<b>', 'x'.repeat(65)])('and one that is none is not: %j', (reason) => {
  expect(formErrors(Reason, reason)).not.toEqual([]);
  expect(readEntries([asked(reason)])).toEqual([]);
});
