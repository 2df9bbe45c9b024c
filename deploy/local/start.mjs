#!/usr/bin/env node
// What `npm start` runs. This file and install.mjs are plain JavaScript for Node 20, since nothing is installed when
// they run; all else is TypeScript under the pinned Node. Nothing is imported statically, so that a Node that is far
// too old still reaches the message below.
const major = Number(process.versions.node.split('.')[0]);
if (major < 20) {
  console.error(
    `Witan needs Node 20 or newer to start, this is ${process.version}. See https://nodejs.org/en/download`,
  );
  process.exit(69);
}

const { enableCompileCache, findProgram, installDependencies, installProgram, InstallError, rootPath, runPinned } =
  await import('./install.mjs');

const say = (line) => process.stderr.write(`${line}\n`);

try {
  await installDependencies(say);
  const onlyHelp = process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h');
  if (!onlyHelp) {
    process.env.WITAN_NATS_SERVER ??= findProgram(['nats-server']) ?? (await installNats());
  }
  enableCompileCache();
  process.exitCode = await runPinned(rootPath('deploy/local/src/main.ts'), process.argv.slice(2));
} catch (error) {
  if (!(error instanceof InstallError)) throw error;
  say(`WITAN_ERR_DEPENDENCY: ${error.message}`);
  process.exitCode = 69;
}

async function installNats() {
  const wanted = { names: ['nats-server'], aptPackage: 'nats-server', service: 'nats-server' };
  const path = await installProgram({ ...wanted, say });
  if (path) return path;
  throw new InstallError(
    'nats-server is not on the PATH and could not be installed here. ' +
      'Install it (Debian, Ubuntu: sudo apt-get install nats-server; macOS: brew install nats-server; ' +
      'else a release from https://github.com/nats-io/nats-server/releases), then run npm start again.',
  );
}
