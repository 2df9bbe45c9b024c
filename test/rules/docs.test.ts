import { execFileSync } from 'node:child_process';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CODES } from '@witan/errors';
import { beforeAll, describe, expect, test } from 'vitest';
import { metricNames, metricsDocument } from './metrics-document.ts';
import { CODE, exists, FILES, read } from './repo.ts';
import { runbooksDocument } from './runbooks-document.ts';
import { type SettingRow, settingsByService, settingsDocument } from './settings-document.ts';

const PAGES = FILES.filter((path) => path.endsWith('.md'));
const document = (name: string): string => fileURLToPath(new URL(`../../docs/${name}`, import.meta.url));

/** Every match in the pages, as `page: match`, of which `holds` says that it is not true. */
function wrong(pattern: RegExp, holds: (found: string, page: string) => boolean): string[] {
  return PAGES.flatMap((page) =>
    [...read(page).matchAll(pattern)]
      .map((match) => match[1]!)
      .filter((found) => !holds(found, page))
      .map((found) => `${page}: ${found}`),
  );
}

/** As GitHub makes them. */
function anchors(page: string): ReadonlySet<string> {
  const headings = read(page)
    .replace(/^```[\s\S]*?^```/gm, '')
    .matchAll(/^#{1,6} (.+)$/gm);
  const slug = (text: string): string =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
  return new Set([...headings].map(([, text]) => slug(text!)));
}

/** `a/{b,c}.ts` is two paths. */
function expand(path: string): string[] {
  const braces = /^(.*)\{([^}]*)\}(.*)$/.exec(path);
  return braces ? braces[2]!.split(',').map((each) => `${braces[1]}${each}${braces[3]}`) : [path];
}

describe('the documents', () => {
  let settings: ReadonlyMap<string, readonly SettingRow[]>;
  beforeAll(async () => {
    settings = await settingsByService();
  }, 60_000);

  test('are all reached from the README', () => {
    const reached = new Set(['README.md']);
    // What is added meanwhile is gone through as well.
    for (const page of reached) {
      for (const [, link] of read(page).matchAll(/\]\((?!https?:)([^)\s#]+\.md)/g)) {
        const target = posix.normalize(posix.join(posix.dirname(page), link!));
        if (exists(target)) reached.add(target);
      }
    }
    const lost = PAGES.filter((page) => page.startsWith('docs/') && !reached.has(page));
    expect(lost).toEqual([]);
  });

  test('link to headings that are there', () => {
    const target = (link: string, page: string) => {
      const [path, anchor] = link.split('#') as [string, string];
      return { file: path === '' ? page : posix.normalize(posix.join(posix.dirname(page), path)), anchor };
    };
    const holds = (link: string, page: string): boolean => {
      const { file, anchor } = target(link, page);
      return exists(file) && anchors(file).has(anchor);
    };
    expect(wrong(/\]\((?!https?:)([^)\s]*#[^)\s]+)\)/g, holds)).toEqual([]);
  });

  test('name files and folders that are there', () => {
    const isThere = (path: string): boolean =>
      expand(path.replace(/[/.]$/, '')).every(
        (each) => exists(each) || FILES.some((file) => file.startsWith(`${each}/`)),
      );
    expect(wrong(/`((?:libs|services|test|docs|deploy|k8s|\.ci)\/[\w./{},-]+)`/g, isThere)).toEqual([]);
  });

  test('show each line of the threat model by a test', () => {
    const tables = read('docs/security.md').matchAll(/^\| \| \| shown by \|\n\|.*\n((?:\|.*\n)+)/gm);
    const rows = [...tables].flatMap(([, body]) => body!.trimEnd().split('\n'));
    expect(rows.length).toBeGreaterThan(30);
    const shown = /\| [^|]*`(?:libs|services|test|deploy)\/[^`]+`[^|]*\|$/;
    expect(rows.filter((row) => !shown.test(row))).toEqual([]);
  });

  test('name npm scripts that are there', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    expect(wrong(/\bnpm (start|test|run [\w:-]+)/g, (name) => name.replace('run ', '') in scripts)).toEqual([]);
  });

  test('name commands of witan that are there', () => {
    const bin = fileURLToPath(new URL('../../libs/cli/bin/witan.mjs', import.meta.url));
    const help = execFileSync(process.execPath, [bin, '--help'], { encoding: 'utf8' });
    const commands = new Set([...help.matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name]) => name));
    expect(commands.size).toBeGreaterThan(5);
    expect(wrong(/\bnpx witan ([a-z]+)\b/g, (name) => commands.has(name))).toEqual([]);
  });

  test('name variables that something reads', () => {
    const scripts = FILES.filter((path) => path.endsWith('.sh'));
    const code = [...CODE, ...scripts].filter((path) => !path.startsWith('test/rules/')).map(read);
    const names = new Set([...settings.values()].flat().flatMap((row) => row.names.split(', ')));
    const isRead = (name: string): boolean =>
      names.has(name) || name in CODES || code.some((text) => new RegExp(`\\b${name}\\b`).test(text));
    expect(wrong(/\b(WITAN_[A-Z_]*[A-Z])\b(?!_)/g, isRead)).toEqual([]);
  });

  test('name metrics that are there', () => {
    const names = metricNames();
    expect(wrong(/`((?:witan|nodejs|process)_[a-z_]+[a-z])(?:\{[^`]*)?`/g, (name) => names.has(name))).toEqual([]);
  });

  test('list the events that are logged', () => {
    const logging = CODE.filter((path) =>
      /^(libs\/(observability|watch|service)|services\/[^/]+)\/src\//.test(path),
    ).map(read);
    const logged = logging.flatMap((text) => [...text.matchAll(/\bevent: '([a-z-]+)'/g)].map(([, event]) => event!));
    const [, rows] = /\n\| `event` \|.*\n\|.*\n((?:\|.*\n)+)/.exec(read('docs/operations.md'))!;
    const cells = rows!.split('\n').map((row) => row.split('|')[1] ?? '');
    const listed = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, event]) => event!));
    // What happens to an actor is said by whoever runs it, and logged under its name.
    expect(listed.toSorted()).toEqual([...new Set([...logged, 'crash', 'store'])].toSorted());
  });

  test('list the settings that there are', async () => {
    await expect(settingsDocument(settings)).toMatchFileSnapshot(document('configuration.md'));
  });

  test('list the alerts that there are', async () => {
    await expect(runbooksDocument()).toMatchFileSnapshot(document('runbooks/README.md'));
  });

  test('list the metrics that there are', async () => {
    await expect(metricsDocument()).toMatchFileSnapshot(document('metrics.md'));
  });
});
