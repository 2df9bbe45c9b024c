import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LAYERS, layerOf } from './layers.ts';
import { CODE, importsOf, WORKSPACES, workspaceOf } from './repo.ts';

/** What runs before anything is installed is shared by path: there are no packages yet. */
const BARE = ['deploy/local/install.mjs'];

const libOf = (specifier: string): string | undefined => /^@witan\/([^/]+)$/.exec(specifier)?.[1];

const violations = (check: (path: string, specifier: string) => boolean): string[] =>
  CODE.flatMap((path) =>
    importsOf(path)
      .filter((specifier) => check(path, specifier))
      .map((specifier) => `${path} imports ${specifier}`),
  );

describe('imports', () => {
  test('are found at all', () => {
    expect(CODE.flatMap(importsOf).length).toBeGreaterThan(500);
  });

  test('take a package by its front door', () => {
    expect(violations((_, specifier) => /^@witan\/[^/]+\//.test(specifier))).toEqual([]);
  });

  test('by path stay inside the package', () => {
    const leaves = (path: string, specifier: string): boolean => {
      if (!specifier.startsWith('.')) return false;
      const target = posix.join(posix.dirname(path), specifier);
      return !BARE.includes(target) && workspaceOf(target).folder !== workspaceOf(path).folder;
    };
    expect(violations(leaves)).toEqual([]);
  });

  test('by path name the file as it is', () => {
    expect(violations((_, specifier) => specifier.startsWith('.') && !/\.(ts|mjs|js|json)$/.test(specifier))).toEqual(
      [],
    );
  });
});

describe('the layers', () => {
  const libs = WORKSPACES.filter(({ folder }) => folder.startsWith('libs/')).map(({ folder }) =>
    folder.slice('libs/'.length),
  );

  test('hold every library once', () => {
    expect(LAYERS.flat().toSorted()).toEqual(libs.toSorted());
  });

  test('are respected: a library imports only from below', () => {
    const climbs = (path: string, specifier: string): boolean => {
      const [, lib] = /^libs\/([^/]+)\/src\//.exec(path) ?? [];
      const target = libOf(specifier);
      return lib !== undefined && target !== undefined && layerOf(target) >= layerOf(lib);
    };
    expect(violations(climbs)).toEqual([]);
  });

  test('have the services on top: nobody imports one', () => {
    expect(violations((_, specifier) => /^@witan\/(service-|local$)/.test(specifier))).toEqual([]);
  });
});
