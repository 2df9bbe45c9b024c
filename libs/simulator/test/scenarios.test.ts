import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { playScenario } from '../src/index.ts';

/**
 * Each file is a story: commands, and what comes of them. `UPDATE_SCENARIOS=1` writes down what comes of them now; read
 * the difference before you keep it.
 */
const DIRECTORY = fileURLToPath(new URL('../../../test/scenarios/', import.meta.url));
const update = process.env.UPDATE_SCENARIOS === '1';
const files = readdirSync(DIRECTORY).filter((name) => name.endsWith('.txt'));

test.each(files)('%s', { timeout: 60_000 }, (name) => {
  const told = readFileSync(DIRECTORY + name, 'utf8');
  const played = playScenario(told);
  if (update) writeFileSync(DIRECTORY + name, played);
  else expect(played).toBe(told);
  expect(played).not.toMatch(/VIOLATION|TROUBLE|NOT reached/);
});
