import { readFileSync } from 'node:fs';
import { didYouMean, envName, flagName } from './names.ts';
import type { Settings } from './settings.ts';

/** A value as it was given, before it is read, and where it came from in words for people. */
export interface Given {
  readonly input: unknown;
  readonly name: string;
  readonly from: string;
}

export type Source = ReadonlyMap<string, Given>;

const reasonOf = (error: unknown): string =>
  error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);

/**
 * `--key value`, `--key=value`, or `--key` alone for a flag. Anything else is a problem. Secrets are not taken from the
 * command line, which every user of the machine can read; no value of an unknown option is repeated, it may be one.
 */
export function readArguments(settings: Settings, argv: readonly string[], problems: string[]): Source {
  const keys = new Map(Object.keys(settings).map((key) => [flagName(key), key]));
  const source = new Map<string, Given>();
  let index = 0;
  while (index < argv.length) {
    const position = index + 1;
    const [name = '', ...rest] = argv[index++]!.split('=');
    const key = keys.get(name);
    let input = rest.length > 0 ? rest.join('=') : undefined;
    if (input === undefined && key !== undefined && settings[key]!.flag) input = 'true';
    else if (input === undefined && name.startsWith('--') && argv[index]?.startsWith('--') === false)
      input = argv[index++];

    if (!name.startsWith('--')) problems.push(`argument ${position} of the command line is not an option`);
    else if (key === undefined) problems.push(`${name}: no such option${didYouMean(name, keys.keys())}`);
    else if (settings[key]!.secret) problems.push(`${name}: not on the command line; set ${envName(key)} or its _FILE`);
    else if (input === undefined) problems.push(`${name}: needs a value`);
    else source.set(key, { input, name, from: 'command line' });
  }
  return source;
}

/** Where the JSON breaks; the rest of the engine's message quotes the file, which may hold secrets. */
function jsonProblem(error: SyntaxError): string {
  const place = /line \d+ column \d+/.exec(error.message)?.[0];
  return place === undefined ? 'is not JSON' : `is not JSON, at ${place}`;
}

/** The JSON object of the configuration file: camelCase keys, the same for all services that share the file. */
export function readConfigFile(
  settings: Settings,
  file: string,
  problems: string[],
  warnings: string[],
): { values: Source; secretFiles: Source } {
  const values = new Map<string, Given>();
  const secretFiles = new Map<string, Given>();
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const what = error instanceof SyntaxError ? jsonProblem(error) : `cannot be read: ${reasonOf(error)}`;
    problems.push(`WITAN_CONFIG="${file}": the file ${what}`);
    return { values, secretFiles };
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    problems.push(`WITAN_CONFIG="${file}": the file must hold one JSON object`);
    return { values, secretFiles };
  }
  const secrets = Object.keys(settings).filter((key) => settings[key]!.secret);
  for (const [name, input] of Object.entries(parsed)) {
    const given = { input, name, from: file };
    const fileOf = secrets.find((key) => `${key}File` === name);
    if (fileOf !== undefined) secretFiles.set(fileOf, given);
    else if (Object.hasOwn(settings, name)) values.set(name, given);
    else {
      warnings.push(`${file}: no setting is named ${name}${didYouMean(name, Object.keys(settings))}`);
    }
  }
  return { values, secretFiles };
}

/** What the file of a secret holds, without the newline at its end. */
export function readSecretFile(given: Given, problems: string[]): Given | undefined {
  const file = given.input;
  if (typeof file !== 'string') {
    problems.push(`${given.name} (${given.from}): accepts a path`);
    return undefined;
  }
  try {
    return { ...given, input: readFileSync(file, 'utf8') };
  } catch (error) {
    problems.push(`${given.name}=${JSON.stringify(file)} (${given.from}): the file cannot be read: ${reasonOf(error)}`);
    return undefined;
  }
}
