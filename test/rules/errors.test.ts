import { fileURLToPath } from 'node:url';
import { CODES } from '@witan/errors';
import { describe, expect, test } from 'vitest';
import { EXIT_CODES, errorsDocument } from './errors-document.ts';
import { CODE, read } from './repo.ts';

const DOCUMENT = fileURLToPath(new URL('../../docs/errors.md', import.meta.url));
const TABLE = 'libs/errors/src/codes.ts';

describe('the closed set of errors', () => {
  const code = CODE.filter((path) => path.includes('/src/') && path !== TABLE).map(read);

  test.each(Object.keys(CODES))('%s is used', (name) => {
    expect(code.some((text) => text.includes(`'${name}'`) || text.includes(`.${name}.`))).toBe(true);
  });

  test('has no code beside it', () => {
    const mentioned = CODE.flatMap((path) => read(path).match(/\bWITAN_ERR_[A-Z_]*[A-Z]\b/g) ?? []);
    const unknown = [...new Set(mentioned)].filter((name) => !(name in CODES));
    expect(unknown).toEqual([]);
  });

  test('is what docs/errors.md shows', async () => {
    await expect(errorsDocument()).toMatchFileSnapshot(DOCUMENT);
  });

  test('uses no exit code that the document does not explain', () => {
    expect(Object.values(CODES).filter(({ exit }) => !EXIT_CODES.has(exit))).toEqual([]);
  });
});
