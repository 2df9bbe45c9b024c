import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SERVICES = ['elder', 'adult', 'gateway', 'dkg-coordinator'] as const;

export interface SettingRow {
  readonly names: string;
  readonly help: string;
  readonly accepts: string;
  readonly fallback: string;
}

/** The settings of each service, as its own `--help` says them: no other list can be out of date. */
export async function settingsByService(): Promise<ReadonlyMap<string, readonly SettingRow[]>> {
  const run = promisify(execFile);
  const tables = SERVICES.map(async (service) => {
    const main = fileURLToPath(new URL(`../../services/${service}/src/main.ts`, import.meta.url));
    const { stdout } = await run(process.execPath, [main, '--help']);
    return [service, parseHelp(stdout)] as const;
  });
  return new Map(await Promise.all(tables));
}

function parseHelp(text: string): SettingRow[] {
  const blocks = text.matchAll(/^ {2}(?! )(.+)\n {6}(.+)\n {6}Accepts (.+)\. Default: (.+)\.$/gm);
  return [...blocks].map(([, names, help, accepts, fallback]) => ({
    names: names!,
    help: help!,
    accepts: accepts!,
    fallback: fallback!,
  }));
}

/** docs/configuration.md: each setting once, under the services that have it in just this form. */
export function settingsDocument(byService: ReadonlyMap<string, readonly SettingRow[]>): string {
  const users = new Map<string, { row: SettingRow; services: string[] }>();
  for (const [service, rows] of byService) {
    for (const row of rows) {
      const key = JSON.stringify(row);
      const known = users.get(key) ?? { row, services: [] };
      users.set(key, { row, services: [...known.services, service] });
    }
  }
  const groups = Map.groupBy(users.values(), ({ services }) => services.join(', '));
  const sections = [...groups]
    .sort(([a], [b]) => b.split(', ').length - a.split(', ').length)
    .map(([services, all]) => {
      const title = services.split(', ').length === byService.size ? 'Every service' : services;
      return `## ${title}\n\n${table(all.map(({ row }) => row))}`;
    });
  return `# Configuration

Settings by option, by environment, or by the JSON file that \`WITAN_CONFIG\` names (camelCase keys: \`natsUrl\`); the first of them
that has a value wins. An empty variable counts as not set. Secrets are not taken from the command line, and may come from a file
(\`…_FILE\`). A wrong value is named at start with what is accepted, and the service ends with 78; an unknown \`WITAN_\` variable is
warned about.

*Generated from what each service says to \`--help\`, by \`npx vitest run --project rules --update\`; a test keeps the two equal.*

${sections.join('\n\n')}
`;
}

function table(rows: readonly SettingRow[]): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const code = (text: string): string => (['none', 'required'].includes(text) ? text : `\`${text}\``);
  const lines = rows.map(({ names, help, accepts, fallback }) => {
    const shown = names.split(', ').map((name) => `\`${name}\``);
    return `| ${shown.join('<br>')} | ${cell(help)} | ${cell(accepts)} | ${code(fallback)} |`;
  });
  return ['| setting | what it does | accepts | default |', '| --- | --- | --- | --- |', ...lines].join('\n');
}
