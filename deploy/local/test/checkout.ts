import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const LOCAL = fileURLToPath(new URL('..', import.meta.url));
const EXTRA_FOLDERS = /const EXTRA_FOLDERS = \[.*\];/;

export interface Outcome {
  readonly code: number | null;
  /** What `npm start` was to start, told by what stands in for it; undefined when it was not started. */
  readonly started: { readonly natsServer: string | undefined; readonly args: readonly string[] } | undefined;
  /** Lines of the standard error. */
  readonly said: readonly string[];
  /** How programs that stand in for others were called, in order. */
  readonly calls: readonly string[];
}

/** A machine with a checkout on it and almost nothing else: the real entry of `npm start`, and programs that stand in. */
export class Checkout {
  readonly root = mkdtempSync(join(tmpdir(), 'witan-checkout-'));
  /** What the lockfile asks for: versions by path. */
  readonly packages = { 'node_modules/left': '1.0.0', 'node_modules/right': '2.0.0' };
  readonly #bin = join(this.root, 'bin');
  readonly #log = join(this.root, 'calls');

  constructor() {
    this.write('deploy/local/start.mjs', readFileSync(join(LOCAL, 'start.mjs'), 'utf8'));
    const install = readFileSync(join(LOCAL, 'install.mjs'), 'utf8');
    if (!EXTRA_FOLDERS.test(install)) throw new Error('install.mjs looks for programs in other places than this knows');
    // What this machine has beside its PATH is not there on that one.
    this.write('deploy/local/install.mjs', install.replace(EXTRA_FOLDERS, 'const EXTRA_FOLDERS = [];'));
    this.write(
      'deploy/local/src/main.ts',
      `const natsServer: string | undefined = process.env.WITAN_NATS_SERVER;
       console.log(JSON.stringify({ natsServer, args: process.argv.slice(2) }));`,
    );
    mkdirSync(this.#bin);
    for (const path of ['/usr/bin/env', '/bin/sh', '/bin/ln', '/bin/cp', '/bin/mkdir']) {
      symlinkSync(path, join(this.#bin, path.slice(path.lastIndexOf('/') + 1)));
    }
    symlinkSync(process.execPath, join(this.#bin, 'node'));
    writeFileSync(this.#log, '');
    this.write('package-lock.json', lockOf(this.packages));
  }

  write(path: string, text: string): string {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  /** What npm installed, and noted that it did. */
  has(packages: Readonly<Record<string, string>>): void {
    this.write('node_modules/.package-lock.json', lockOf(packages));
    for (const path of Object.keys(packages)) mkdirSync(join(this.root, path), { recursive: true });
  }

  /** Takes a package away behind npm's back. */
  loses(path: string): void {
    rmSync(join(this.root, path), { recursive: true });
  }

  /** A program on the PATH that notes how it is called and then does this, in shell. */
  program(name: string, script = ''): string {
    const file = join(this.#bin, name);
    writeFileSync(file, `#!/bin/sh\necho "${name} $*" >> '${this.#log}'\n${script}\n`);
    chmodSync(file, 0o755);
    return file;
  }

  /** Takes a program from the PATH. @returns where it is now */
  stow(name: string): string {
    const file = join(this.root, `${name}.stowed`);
    renameSync(join(this.#bin, name), file);
    return file;
  }

  /** `npm start` with these options, by Node with these flags. */
  start(args: readonly string[] = [], nodeFlags: readonly string[] = []): Outcome {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [...nodeFlags, join(this.root, 'deploy/local/start.mjs'), ...args],
      { encoding: 'utf8', cwd: this.root, env: { PATH: this.#bin }, timeout: 60_000 },
    );
    return {
      code: status,
      started: stdout === '' ? undefined : (JSON.parse(stdout) as Outcome['started']),
      said: stderr.split('\n').filter((line) => line !== ''),
      calls: readFileSync(this.#log, 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
    };
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Flags with which Node takes itself for another version: what a program does then, not what that version can do. */
export function asNode(version: string): string[] {
  const pretend = `
    Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });
    Object.defineProperty(process, 'version', { value: 'v${version}' });`;
  return [`--import=data:text/javascript,${encodeURIComponent(pretend)}`];
}

/** Flags with which Node believes that this user runs it. */
export function asUser(uid: number): string[] {
  return [`--import=data:text/javascript,process.getuid = () => ${uid};`];
}

function lockOf(packages: Readonly<Record<string, string>>): string {
  const entries = Object.entries(packages).map(([path, version]) => [path, { version }]);
  return JSON.stringify({ packages: { '': {}, ...Object.fromEntries(entries) } });
}
