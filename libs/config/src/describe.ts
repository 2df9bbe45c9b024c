import { envName, flagName } from './names.ts';
import type { Settings } from './settings.ts';

interface SettingRow {
  readonly key: string;
  readonly env: string;
  readonly flag: string | undefined;
  readonly accepts: string;
  readonly fallback: string;
  readonly help: string;
}

function rowsOf(settings: Settings): SettingRow[] {
  return Object.entries(settings).map(([key, setting]) => ({
    key,
    env: setting.secret ? `${envName(key)}, ${envName(key)}_FILE` : envName(key),
    flag: setting.secret ? undefined : flagName(key),
    accepts: setting.accepts,
    fallback: setting.required ? 'required' : setting.default === undefined ? 'none' : String(setting.default),
    help: setting.help,
  }));
}

/** The settings as a Markdown table, for the documentation. */
export function describeConfig(settings: Settings): string {
  const cell = (value: string): string => value.replaceAll('|', '\\|');
  const code = (value: string): string => value.replaceAll(/WITAN_\w+/g, '`$&`');
  const lines = rowsOf(settings).map(({ key, env, accepts, fallback, help }) => {
    const shownDefault = fallback === 'required' || fallback === 'none' ? fallback : `\`${fallback}\``;
    return `| ${code(env)} | \`${key}\` | ${cell(accepts)} | ${cell(shownDefault)} | ${cell(help)} |`;
  });
  return ['| variable | key in the file | accepts | default | what it does |', '|---|---|---|---|---|', ...lines].join(
    '\n',
  );
}

/** The settings as text for a terminal, what `--help` prints. */
export function describeUsage(name: string, settings: Settings): string {
  const lines = rowsOf(settings).flatMap(({ env, flag, accepts, fallback, help }) => [
    `  ${flag === undefined ? env : `${flag}, ${env}`}`,
    `      ${help}`,
    `      Accepts ${accepts}. Default: ${fallback}.`,
  ]);
  return [
    `${name}: settings by option, by environment, or by the JSON file that WITAN_CONFIG names.`,
    '',
    ...lines,
    '',
  ].join('\n');
}
