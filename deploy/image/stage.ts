/**
 * Puts together what the image carries: the services, the command line and what makes their keys, as they are in this
 * checkout, and of `node_modules` the packages that these need to run, no others. Copied and not installed, so that what
 * was tested is what is shipped, and no registry is asked while an image is built.
 *
 *     node deploy/image/stage.ts FOLDER
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ELDER_NODE_FLAGS, NODE_FLAGS } from '@witan/config';

interface LockEntry {
  readonly resolved?: string;
  readonly link?: true;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SERVICES = ['gateway', 'dkg-coordinator', 'adult', 'elder'] as const;
const PROGRAMS = [...SERVICES.map((name) => `services/${name}`), 'libs/cli', 'deploy/nats'];
/** Of a package, what nothing reads at run time. */
const IDLE_FILE = /\.(map|md|markdown|flow|d\.[cm]?ts)$/i;
const IDLE_FOLDER = new Set(['test', 'tests', 'bench', 'benchmarks', 'examples', '.github', 'coverage']);

const lock = (
  JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as { packages: Record<string, LockEntry> }
).packages;

/** Where Node finds `name` from the package at `from`: paths of the lockfile, the nearest `node_modules` first. */
function resolve(name: string, from: string): string | undefined {
  for (let at = from; ; at = at.includes('/') ? dirname(at) : '') {
    const path = at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`;
    if (path in lock) return path;
    if (at === '') return undefined;
  }
}

/** Paths in the lockfile of all that the programs need, links and what they lead to among them. */
function closure(programs: readonly string[]): Set<string> {
  const found = new Set<string>();
  const visit = (path: string): void => {
    if (found.has(path)) return;
    found.add(path);
    const { link, resolved, dependencies = {}, optionalDependencies = {} } = lock[path]!;
    if (link) {
      visit(resolved!);
      return;
    }
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const target = resolve(name, path);
      if (target === undefined && name in dependencies) throw new Error(`${path} needs ${name}: not in the lockfile`);
      if (target !== undefined) visit(target);
    }
  };
  for (const program of programs) visit(program);
  return found;
}

function copy(path: string, target: string): void {
  const from = join(ROOT, path);
  const isOurs = !path.startsWith('node_modules/');
  cpSync(from, join(target, path), {
    recursive: true,
    filter: (source) => {
      const inside = relative(from, source).split(sep);
      if (inside.includes('node_modules')) return false;
      if (isOurs) return inside[0] !== 'test';
      return !IDLE_FILE.test(source) && !inside.some((folder) => IDLE_FOLDER.has(folder));
    },
  });
}

const target = process.argv[2];
if (target === undefined) throw new Error('which folder? node deploy/image/stage.ts FOLDER');
rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
for (const path of closure(PROGRAMS)) {
  const { link, resolved } = lock[path]!;
  if (link) {
    const at = join(target, path);
    mkdirSync(dirname(at), { recursive: true });
    symlinkSync(relative(dirname(at), join(target, resolved!)), at);
  } else if (existsSync(join(ROOT, path))) copy(path, target); // One for another platform is not here, nor needed.
}
writeFileSync(join(target, 'package.json'), `${JSON.stringify({ type: 'module', private: true })}\n`);
cpSync(join(ROOT, 'LICENSE'), join(target, 'LICENSE'));
mkdirSync(join(target, 'flags'));
for (const service of SERVICES) {
  const flags = service === 'elder' ? ELDER_NODE_FLAGS : NODE_FLAGS;
  writeFileSync(join(target, 'flags', service), `${flags.join(' ')}\n`);
}
