import { describe, expect, test } from 'vitest';
import { type Manifest, ROOT_WORKSPACE, read, WORKSPACES } from './repo.ts';

interface Entry extends Partial<Manifest> {
  readonly optionalDependencies?: Record<string, string>;
}

const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Entry> };

/** `npm ci` refuses a lockfile that disagrees with the manifests, and nobody sees that where everything is installed. */
describe('the lockfile', () => {
  test.each([ROOT_WORKSPACE, ...WORKSPACES].map((workspace) => [workspace.folder || 'the root', workspace] as const))(
    'has the dependencies of %s',
    (_, { folder, manifest }) => {
      const entry = packages[folder];
      expect(entry?.dependencies ?? {}).toEqual(manifest.dependencies ?? {});
      expect(entry?.devDependencies ?? {}).toEqual(manifest.devDependencies ?? {});
    },
  );

  // npm leaves out those that it could not find when it wrote the file, and then refuses the file for it.
  test('has an entry for every optional dependency, of every platform', () => {
    const absent = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
      ),
    );
    expect(absent).toEqual([]);
  });

  test('names no registry of one place', () => {
    const resolved = [...read('package-lock.json').matchAll(/"resolved": "(https?:\/\/[^/]+)/g)].map(
      ([, host]) => host,
    );
    expect(resolved.filter((host) => host !== 'https://registry.npmjs.org')).toEqual([]);
  });
});
