// Puts there what has to be there before anything else can run. Shared by `npm start` and `npm test`; plain JavaScript
// for Node 20, with nothing but what Node brings.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import module from 'node:module';
import { constants as system } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PINNED_NODE = join(ROOT, 'node_modules/node/bin/node');
const PINNED_MAJOR = 24;
/** Daemons are often installed where only root's PATH looks. */
const EXTRA_FOLDERS = ['/usr/local/bin', '/usr/local/sbin', '/usr/bin', '/usr/sbin', '/sbin', '/opt/homebrew/bin'];

/** Something is missing and a person has to do something about it: the message says what. */
export class InstallError extends Error {}

/** @param {string} path */
export function rootPath(path) {
  return join(ROOT, path);
}

/**
 * Why `npm ci` is needed, or nothing. Compares what the lockfile asks for with what npm noted that it installed, since
 * times of files say nothing after a checkout or a copy. Optional packages are often for another platform.
 */
export function missingDependencies() {
  const wanted = readPackages(join(ROOT, 'package-lock.json'));
  if (!wanted) throw new InstallError('package-lock.json is missing or unreadable: this is not a whole checkout.');
  const installed = readPackages(join(ROOT, 'node_modules/.package-lock.json'));
  if (!installed) return 'nothing is installed yet';
  for (const [path, entry] of Object.entries(wanted)) {
    if (!path.startsWith('node_modules/') || entry.optional) continue;
    const found = installed[path];
    // What npm noted may have been removed since.
    if (!found || !existsSync(join(ROOT, path))) return `${path.slice('node_modules/'.length)} is missing`;
    if (found.version !== entry.version) return `${path.slice('node_modules/'.length)} has changed`;
  }
  return existsSync(PINNED_NODE) || ownMajor() >= PINNED_MAJOR ? undefined : 'the pinned Node is missing';
}

/** Runs `npm ci` if anything is missing. @param {(line: string) => void} say */
export async function installDependencies(say) {
  const why = missingDependencies();
  if (!why) return;
  const count = Object.keys(readPackages(join(ROOT, 'package-lock.json')) ?? {}).length;
  say(`Installing ${count} packages (${why}) …`);
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const ticker = setInterval(() => say(`  still installing, ${seconds()} s`), 10_000);
  const result = await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  clearInterval(ticker);
  if (result.code !== 0) {
    // npm tells the reason first and its whole help after it.
    const told = result.output.split('\n').filter((line) => /^npm err(or|!) \S/i.test(line));
    const reason = told.length > 0 ? told.slice(0, 8).join('\n') : lastLines(result.output, 5);
    throw new InstallError(`npm ci failed with exit code ${result.code}:\n${reason}`);
  }
  // An npm that does not run install scripts leaves out the one that fetches the Node binary.
  if (!existsSync(PINNED_NODE))
    await run(process.execPath, ['installArchSpecificPackage'], join(ROOT, 'node_modules/node'));
  if (!existsSync(PINNED_NODE) && ownMajor() < PINNED_MAJOR) {
    throw new InstallError(
      `the pinned Node ${PINNED_MAJOR} could not be installed for ${process.platform} ${process.arch}. ` +
        `Install Node ${PINNED_MAJOR} yourself and run this again.`,
    );
  }
  say(`Installed in ${seconds()} s.`);
}

/** The Node that runs TypeScript as it is: the pinned one, or this one where it is new enough. */
export function pinnedNode() {
  return existsSync(PINNED_NODE) ? PINNED_NODE : process.execPath;
}

/** Node keeps compiled code here, so that twenty processes compile each file once. */
export function enableCompileCache() {
  process.env.NODE_COMPILE_CACHE ??= join(ROOT, 'node_modules/.cache/witan-compile');
  module.enableCompileCache?.(process.env.NODE_COMPILE_CACHE);
}

/**
 * Runs a TypeScript file under the pinned Node: in this process when this is one, else in a child that shares the
 * terminal and stops in its own order, for which this waits. @returns the exit code
 * @param {string} file @param {string[]} args
 */
export async function runPinned(file, args) {
  if (ownMajor() >= PINNED_MAJOR) {
    process.argv = [process.execPath, file, ...args];
    await import(pathToFileURL(file).href);
    return process.exitCode;
  }
  // The channel tells the child when this process is killed outright.
  const child = spawn(pinnedNode(), [file, ...args], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  // Ctrl-C in a terminal reaches the child by itself as well; sent to this process alone, it has to be passed on.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? (signal ? 128 + system.signals[signal] : 0)));
  });
}

/** The path of the first of `names` on the PATH or in a usual folder. @param {string[]} names */
export function findProgram(names) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...EXTRA_FOLDERS];
  for (const name of names) {
    for (const folder of folders) {
      if (folder === '') continue;
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not here: the next folder.
      }
    }
  }
  return undefined;
}

/**
 * Installs a Debian package where that can work without asking: apt-get is there and this is root, or sudo needs no
 * password. @returns the path of the program, or nothing
 * @param {{names: string[], aptPackage: string, service?: string, say: (line: string) => void}} wanted `service`: one
 *   that the package starts where it can, now and whenever the machine does; only the program is wanted
 */
export async function installProgram({ names, aptPackage, service, say }) {
  const apt = findProgram(['apt-get']);
  const prefix = apt && privilege();
  if (!apt || !prefix) return undefined;
  say(`Installing ${aptPackage} with apt-get …`);
  const [command, ...before] = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', apt];
  const install = () => run(command, [...before, 'install', '-y', '--no-install-recommends', aptPackage]);
  let result = await install();
  if (result.code !== 0) {
    // A new machine often has no package lists yet.
    await run(command, [...before, 'update']);
    result = await install();
  }
  if (result.code !== 0) {
    const reason = result.output.split('\n').find((line) => line.startsWith('E: ')) ?? lastLines(result.output, 1);
    say(`  apt-get install ${aptPackage} failed: ${reason}`);
  } else if (service !== undefined) {
    await stopService(service, prefix);
  }
  return findProgram(names);
}

/**
 * Stops a service, for good, under systemd and without it. Whatever is not there has nothing to stop, and most machines
 * that this runs on start no services by themselves.
 */
async function stopService(service, prefix) {
  for (const [name, ...args] of [
    ['systemctl', 'disable', '--now', service],
    ['service', service, 'stop'],
    ['update-rc.d', service, 'disable'],
  ]) {
    const program = findProgram([name]);
    if (!program) continue;
    const [command, ...all] = [...prefix, program, ...args];
    await run(command, all);
  }
}

/** Whether programs can be installed here without asking anybody. */
export function canInstallPrograms() {
  return findProgram(['apt-get']) !== undefined && privilege() !== undefined;
}

/** What to put before a command that needs root, or nothing where root is out of reach without a password. */
function privilege() {
  if (process.getuid?.() === 0) return [];
  const sudo = findProgram(['sudo']);
  if (sudo && spawnSync(sudo, ['-n', 'true'], { stdio: 'ignore' }).status === 0) return [sudo, '-n'];
  return undefined;
}

function ownMajor() {
  return Number(process.versions.node.split('.')[0]);
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** Runs to the end and keeps the output for when it fails. */
function run(command, args, cwd = ROOT) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-20_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => resolve({ code: 127, output: error.message }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

function lastLines(text, count) {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
