import { describe, expect, test } from 'vitest';
import { parseOptions } from '../src/options.ts';

const parse = (...argv: string[]) => parseOptions(argv, '/home/me', true);

describe('the options of npm start', () => {
  test('have defaults', () => {
    expect(parse()).toEqual({
      nodes: undefined,
      port: 8080,
      dataDir: '/home/me/.witan',
      fresh: false,
      format: 'terminal',
      help: false,
    });
  });

  test('are taken as given', () => {
    expect(parse('--nodes', '12', '--port=9000', '--data', 'x', '--fresh', '--plain')).toEqual({
      nodes: 12,
      port: 9000,
      dataDir: '/home/me/x',
      fresh: true,
      format: 'plain',
      help: false,
    });
  });

  test('without a terminal are plain lines, and JSON where asked for', () => {
    expect(parseOptions([], '/', false).format).toBe('plain');
    expect(parseOptions(['--json'], '/', false).format).toBe('json');
  });

  test.each([
    [['--nodes', '0'], '--nodes 0: accepts a whole number from 1 to 64'],
    [['--nodes', '65'], '--nodes 65: accepts a whole number from 1 to 64'],
    [['--nodes', 'many'], '--nodes many: accepts a whole number from 1 to 64'],
    [['--nodes', '1.5'], '--nodes 1.5: accepts a whole number from 1 to 64'],
    [['--port', '-1'], "Option '--port' argument is ambiguous"],
    [['--port', '65536'], '--port 65536: accepts a whole number from 0 to 65535'],
    [['--json', '--plain'], '--json and --plain are both given: give one'],
    [['--nods', '3'], "Unknown option '--nods'"],
    [['nine'], "Unexpected argument 'nine'"],
  ])('%j are refused by name', (argv, detail) => {
    expect(() => parse(...argv)).toThrow(expect.objectContaining({ code: 'WITAN_ERR_CONFIG' }));
    expect(() => parse(...argv)).toThrow(`WITAN_ERR_CONFIG: ${detail}`);
  });
});
