import { builtinModules } from 'node:module';
import { describe, expect, test } from 'vitest';
import {
  CODE,
  importsOf,
  type Manifest,
  ROOT_WORKSPACE,
  read,
  WORKSPACES,
  type Workspace,
  workspaceOf,
} from './repo.ts';

const ALL: readonly Workspace[] = [ROOT_WORKSPACE, ...WORKSPACES];
const title = ({ folder }: Workspace): string => folder || 'the root';
const declared = ({ dependencies = {}, devDependencies = {} }: Manifest) => ({ ...dependencies, ...devDependencies });

/** `@scope/name` or `name` of a specifier that is neither a path nor of Node itself. */
function packageOf(specifier: string): string | undefined {
  if (/^[./]|^node:|^data:/.test(specifier) || builtinModules.includes(specifier)) return undefined;
  return /^(@[^/]+\/[^/]+|[^/]+)/.exec(specifier)![1];
}

/** Code that runs in production, as opposed to tests, benchmarks and the page, which a browser runs. */
const isProduction = (path: string): boolean => !/(^|\/)(test|bench|page)\//.test(path);

/** Used by the root's scripts and not by an import. */
const USED_OTHERWISE: Readonly<Record<string, readonly string[]>> = {
  '': ['node', 'typescript', '@types/node', '@biomejs/biome', 'knip'],
};

const CLI = 'libs/cli/src/program.ts';
/** A version, as the sources of programs give it. */
const SAID = /(?:\bversion: |\bVERSION = |\.version\()'([^']*)'/g;

describe('versions', () => {
  test.each(ALL.map((workspace) => [title(workspace), workspace] as const))('of %s are exact', (_, { manifest }) => {
    const loose = Object.entries(declared(manifest)).filter(
      ([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
    );
    expect(loose).toEqual([]);
  });

  test('are alike wherever a package is used', () => {
    const versions = new Map<string, Set<string>>();
    for (const { manifest } of ALL) {
      for (const [name, version] of Object.entries(declared(manifest))) {
        versions.set(name, (versions.get(name) ?? new Set()).add(version));
      }
    }
    expect([...versions].filter(([, different]) => different.size > 1)).toEqual([]);
  });

  test('of the workspaces are that of the root', () => {
    const { version } = ROOT_WORKSPACE.manifest;
    expect(WORKSPACES.filter(({ manifest }) => manifest.version !== version).map(title)).toEqual([]);
  });

  test('that programs say of themselves are that of the root', () => {
    const { version } = ROOT_WORKSPACE.manifest;
    const programs = [...CODE.filter((path) => /^services\/[^/]+\/src\/service\.ts$/.test(path)), CLI];
    expect(programs.length).toBeGreaterThan(4);
    const said = programs.map((path) => [path, [...read(path).matchAll(SAID)].map(([, found]) => found)]);
    expect(said).toEqual(programs.map((path) => [path, [version]]));
  });
});

describe('packages', () => {
  test('are found at all', () => {
    expect(WORKSPACES.length).toBeGreaterThan(20);
  });

  test.each(WORKSPACES.map((workspace) => [title(workspace), workspace] as const))(
    '%s are named after their folder, private, licensed, and show one face',
    (_, { folder, manifest }) => {
      const [kind, name] = folder.split('/') as [string, string];
      expect(manifest).toMatchObject({
        name: kind === 'services' ? `@witan/service-${name}` : `@witan/${name}`,
        private: true,
        license: 'Apache-2.0',
      });
      expect(Object.keys(manifest.exports ?? {})).toEqual(['.']);
    },
  );
});

describe.each(ALL.map((workspace) => [title(workspace), workspace] as const))(
  'the dependencies of %s',
  (_, workspace) => {
    const { folder, manifest } = workspace;
    const files = CODE.filter((path) => workspaceOf(path).folder === folder);
    const uses = (wanted: (path: string) => boolean): Set<string> =>
      new Set(
        files
          .filter(wanted)
          .flatMap(importsOf)
          .flatMap((specifier) => packageOf(specifier) ?? []),
      );
    const used = uses(() => true);

    test('declare all that its code uses', () => {
      const missing = [...uses(isProduction)].filter((name) => !(name in (manifest.dependencies ?? {})));
      // The root has no code of its own that runs in production.
      expect(folder === '' ? [] : missing).toEqual([]);
    });

    test('declare all that its tests use, here or at the root', () => {
      // Whole systems are put together at the root, of any of our packages.
      const here = { ...declared(ROOT_WORKSPACE.manifest), ...declared(manifest), [manifest.name]: '' };
      const ours = (name: string): boolean => folder === '' && name.startsWith('@witan/');
      expect([...used].filter((name) => !(name in here) && !ours(name))).toEqual([]);
    });

    test('are all used', () => {
      const inTests =
        folder === '' ? new Set(CODE.flatMap(importsOf).flatMap((specifier) => packageOf(specifier) ?? [])) : used;
      const idle = Object.keys(declared(manifest)).filter(
        (name) => !inTests.has(name) && !USED_OTHERWISE[folder]?.includes(name),
      );
      expect(idle).toEqual([]);
    });
  },
);
