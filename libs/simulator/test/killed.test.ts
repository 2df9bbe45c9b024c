import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PHASES } from '@witan/dkg';
import { describe, expect, test } from 'vitest';
import { playScenario } from '../src/index.ts';
import { existsIn, ROLES, type Role, scenarioOf, victimOf } from './killed.ts';
import { shareVerification } from './support.ts';

/** One story for each role and phase, written down like the others by `UPDATE_SCENARIOS=1`. */
const DIRECTORY = fileURLToPath(new URL('../../../test/scenarios/killed/', import.meta.url));
const update = process.env.UPDATE_SCENARIOS === '1';
const roles = Object.keys(ROLES) as Role[];
const matrix = roles.flatMap((role) =>
  PHASES.filter((phase) => existsIn(role, phase)).map((phase) => ({ role, phase, name: `${phase}-${role}.txt` })),
);

shareVerification();
if (update) mkdirSync(DIRECTORY, { recursive: true });

describe('killed in a phase, in a role: the session ends a deadline later at most, the share is there in time', () => {
  test.each(matrix)('$name', { timeout: 60_000 }, ({ role, phase, name }) => {
    const commands = scenarioOf(role, phase);
    const played = playScenario(commands);
    if (update) writeFileSync(DIRECTORY + name, played);
    expect(played).toBe(readFileSync(DIRECTORY + name, 'utf8'));
    expect(played).not.toMatch(/VIOLATION|TROUBLE|NOT reached/);
    const deaths = played.match(new RegExp(`^.*\\b${victimOf(role, phase)}\\b.*: is killed`, 'gm')) ?? [];
    expect(deaths).toHaveLength(commands.split('\n----').length - 1);
  });

  test('there is no story of anything else', () => {
    expect(readdirSync(DIRECTORY).sort()).toEqual(matrix.map(({ name }) => name).sort());
  });
});
