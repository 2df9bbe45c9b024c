import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Made by tools and not kept in the repository. */
const IGNORED = new Set(['node_modules', '.git', '.witan', 'coverage']);

/** Paths of all files of the repository, relative to its root, with `/` between folders. */
export const FILES: readonly string[] = list(ROOT).sort();

/** Paths of what is committed or about to be; all files where there is no history, as in an archive. */
export function committed(): readonly string[] {
  if (!existsSync(join(ROOT, '.git'))) return FILES;
  const listed = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return listed.split('\0').filter((path) => path !== '');
}

export const CODE = FILES.filter((path) => /\.(ts|mjs|js)$/.test(path));

export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

export function exists(path: string): boolean {
  return FILES.includes(path);
}

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly private?: boolean;
  readonly exports?: Record<string, string>;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly workspaces?: readonly string[];
}

export interface Workspace {
  /** Folder, such as `libs/dkg`; empty for the root. */
  readonly folder: string;
  readonly manifest: Manifest;
}

export const ROOT_WORKSPACE: Workspace = { folder: '', manifest: JSON.parse(read('package.json')) as Manifest };

/** Every package but the root. */
export const WORKSPACES: readonly Workspace[] = FILES.filter((path) =>
  /^(libs|services|deploy)\/[^/]+\/package\.json$/.test(path),
).map((path) => ({ folder: path.slice(0, -'/package.json'.length), manifest: JSON.parse(read(path)) as Manifest }));

/** The package that a file belongs to; the root's for what lies in none. */
export function workspaceOf(path: string): Workspace {
  return WORKSPACES.find(({ folder }) => path.startsWith(`${folder}/`)) ?? ROOT_WORKSPACE;
}

/** Code without its comments, so that a rule is about what runs. Good enough for code that a formatter has shaped. */
export function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

/** What a file imports, statically or not, types included. */
export function importsOf(path: string): string[] {
  const code = withoutComments(read(path));
  const found = code.matchAll(/(?:^|[\s;}])(?:import|export)\b[^'"`;]*?from\s*'([^']+)'|\bimport\s*\(?\s*'([^']+)'/gm);
  return [...found].map(([, from, dynamic]) => (from ?? dynamic)!);
}

function list(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (IGNORED.has(entry.name)) return [];
    if (entry.isDirectory()) return list(path);
    return entry.isFile() ? [relative(ROOT, path).split(sep).join('/')] : [];
  });
}
