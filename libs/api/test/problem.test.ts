import { CODES, WitanError, type WitanErrorCode } from '@witan/errors';
import { describe, expect, test } from 'vitest';
import { codeForStatus, formErrors, fromProblem, Problem, toProblem } from '../src/index.ts';

const codes = Object.keys(CODES) as WitanErrorCode[];

describe('problem documents', () => {
  test.each(codes)('%s: has the form of the schema and leads back to the same code', (code) => {
    const problem = toProblem(new WitanError(code, 'what happened'), 'request-1');
    expect(formErrors(Problem, problem)).toEqual([]);
    expect(problem.status).toBe(CODES[code].status);
    const back = fromProblem(problem);
    expect(back.code).toBe(code);
    expect(back.data).toEqual({ status: CODES[code].status, requestId: 'request-1' });
  });

  test('carry what a program needs and nothing else that the error holds', () => {
    const name = 'ab'.repeat(32);
    const data = { waitingOn: [name], limit: 7, secret: 'hush', path: '/home/someone' };
    const problem = toProblem(new WitanError('WITAN_ERR_NO_QUORUM', 'two of five', { data }), 'r');
    expect(problem).toMatchObject({ waitingOn: [name], limit: 7, detail: 'two of five' });
    expect(JSON.stringify(problem)).not.toMatch(/hush|someone/);
    expect(fromProblem(problem).data).toMatchObject({ waitingOn: [name], limit: 7 });
  });

  test('a defect keeps its message inside', () => {
    const problem = toProblem(new WitanError('WITAN_ERR_INTERNAL', 'cannot read x of undefined at /srv/app.ts:3'), 'r');
    expect(JSON.stringify(problem)).not.toContain('/srv/app.ts');
    expect(problem.instance).toBe('urn:witan:request:r');
  });

  test('types are distinct', () => {
    const types = new Set(codes.map((code) => toProblem(new WitanError(code, ''), 'r').type));
    expect(types.size).toBe(codes.length);
    expect(types).toContain('urn:witan:error:no-quorum');
  });

  test.each([
    [404, 'WITAN_ERR_NOT_FOUND'],
    [429, 'WITAN_ERR_RATE_LIMITED'],
    [408, 'WITAN_ERR_REQUEST_TIMEOUT'],
    [431, 'WITAN_ERR_HEADERS_TOO_LARGE'],
    [504, 'WITAN_ERR_TIMEOUT'],
    [502, 'WITAN_ERR_UNAVAILABLE'],
    [401, 'WITAN_ERR_UNAUTHENTICATED'],
    [403, 'WITAN_ERR_UNAVAILABLE'],
    [599, 'WITAN_ERR_UNAVAILABLE'],
  ])('a bare %i of a proxy is %s', (status, code) => {
    expect(codeForStatus(status)).toBe(code);
  });
});
