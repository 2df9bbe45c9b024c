import { WitanError } from '@witan/errors';
import { didYouMean, envName } from './names.ts';
import type { ConfigOf, Setting, Settings } from './settings.ts';
import { type Given, readArguments, readConfigFile, readSecretFile, type Source } from './sources.ts';

export interface LoadOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Options of the command line, without node and the script. */
  readonly argv?: readonly string[];
  /** The configuration file; otherwise the one that `WITAN_CONFIG` names. */
  readonly file?: string;
  /** `WITAN_*` variables that are read elsewhere and must not be warned about. */
  readonly known?: readonly string[];
}

export interface Loaded<S extends Settings> {
  readonly config: ConfigOf<S>;
  /** One line each, for the log. */
  readonly warnings: readonly string[];
}

/** Read by the process itself and not part of any service's settings. */
const RESERVED = ['WITAN_CONFIG', 'WITAN_EXIT_WITH_PARENT', 'WITAN_DEBUG'];

/** Variables that Kubernetes injects for every Service of the namespace whose name starts with `witan-`. */
const SERVICE_LINK = /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)$/;

const MAX_SHOWN = 100;

function shown(input: unknown): string {
  const json = JSON.stringify(input) ?? String(input);
  // A refused URL may hold a password, and that a slash or another @.
  const masked = json.replace(/\/\/[^\s"]*@/g, '//***@');
  return masked.length > MAX_SHOWN ? `${masked.slice(0, MAX_SHOWN)}…` : masked;
}

function refusal(setting: Setting<unknown>, given: Given): string {
  const accepts = `accepts ${setting.accepts}`;
  if (setting.secret) {
    const length = typeof given.input === 'string' ? `${given.input.trim().length} characters` : typeof given.input;
    return `${given.name} (${given.from}; ${length}, not shown): ${accepts}`;
  }
  const hint =
    typeof given.input === 'string' && given.input.startsWith('tcp://')
      ? ' (Kubernetes set this variable for a Service; put enableServiceLinks: false into the pod)'
      : '';
  return `${given.name}=${shown(given.input)} (${given.from}): ${accepts}${hint}`;
}

function fromEnvironment(settings: Settings, env: LoadOptions['env']): { values: Source; secretFiles: Source } {
  const values = new Map<string, Given>();
  const secretFiles = new Map<string, Given>();
  for (const [key, setting] of Object.entries(settings)) {
    const name = envName(key);
    const take = (variable: string, into: Map<string, Given>): void => {
      const input = env[variable];
      // An empty variable is an unset one: compose files and shells write `X=${X:-}`.
      if (input !== undefined && input !== '') into.set(key, { input, name: variable, from: 'environment' });
    };
    take(name, values);
    if (setting.secret) take(`${name}_FILE`, secretFiles);
  }
  return { values, secretFiles };
}

function unknownVariables(settings: Settings, { env, known = [] }: LoadOptions): string[] {
  const names = new Set([...RESERVED, ...known]);
  for (const [key, setting] of Object.entries(settings)) {
    names.add(envName(key));
    if (setting.secret) names.add(`${envName(key)}_FILE`);
  }
  return Object.keys(env)
    .filter((name) => name.startsWith('WITAN_') && !names.has(name) && !SERVICE_LINK.test(name))
    .sort()
    .map((name) => `${name}: no such setting${didYouMean(name, names)}`);
}

/**
 * The configuration of a service. The command line wins over the environment, the environment over the file, the file
 * over the defaults; an empty environment variable counts as not set.
 *
 * @throws WitanError `WITAN_ERR_CONFIG` whose detail names every wrong setting, one a line: its name, the value given
 *   (never of a secret) and what it accepts. `data.problems` holds the same lines.
 */
export function loadConfig<const S extends Settings>(settings: S, options: LoadOptions): Loaded<S> {
  const problems: string[] = [];
  const warnings = unknownVariables(settings, options);
  const file = options.file ?? (options.env.WITAN_CONFIG || undefined);
  const layers = [
    { values: readArguments(settings, options.argv ?? [], problems), secretFiles: new Map<string, Given>() },
    fromEnvironment(settings, options.env),
    ...(file === undefined ? [] : [readConfigFile(settings, file, problems, warnings)]),
  ];

  const config: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(settings)) {
    config[key] = readSetting(key, setting, layers, problems);
  }
  if (problems.length > 0) {
    throw new WitanError('WITAN_ERR_CONFIG', problems.join('\n'), { data: { problems } });
  }
  return { config: config as ConfigOf<S>, warnings };
}

interface Layer {
  readonly values: Source;
  readonly secretFiles: Source;
}

function readSetting(key: string, setting: Setting<unknown>, layers: readonly Layer[], problems: string[]): unknown {
  const layer = layers.find(({ values, secretFiles }) => values.has(key) || secretFiles.has(key));
  if (layer === undefined) {
    if (setting.required) {
      problems.push(`${envName(key)} is not set: accepts ${setting.accepts}`);
    }
    return setting.default;
  }
  let given = layer.values.get(key);
  const secretFile = layer.secretFiles.get(key);
  if (secretFile !== undefined) {
    if (given !== undefined) {
      problems.push(`${given.name} and ${secretFile.name} are both set: give one`);
      return undefined;
    }
    given = readSecretFile(secretFile, problems);
  }
  if (given === undefined) return undefined;
  const value = setting.read(given.input);
  if (value === undefined) problems.push(refusal(setting, given));
  return value;
}
