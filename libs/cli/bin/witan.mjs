#!/usr/bin/env node
// The sources are TypeScript as they are, which takes Node 24; this file runs on Node 20 and finds that one.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const PINNED_MAJOR = 24;
const major = Number(process.versions.node.split('.')[0]);

if (major >= PINNED_MAJOR) {
  module.enableCompileCache?.(process.env.NODE_COMPILE_CACHE ?? path('../../../node_modules/.cache/witan-compile'));
  const { main } = await import('../src/main.ts');
  process.exitCode = await main();
} else {
  const pinned = path('../../../node_modules/node/bin/node');
  if (!existsSync(pinned)) {
    console.error(
      `WITAN_ERR_DEPENDENCY: witan needs Node ${PINNED_MAJOR}, this is ${process.version} and the pinned one is not installed. Run npm ci.`,
    );
    process.exit(69);
  }
  const child = spawn(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  // The terminal sends Ctrl-C to both; sent to this process alone, it has to be passed on. The child says how it ended.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal ? 128 + constants.signals[signal] : 0);
  });
}

/** @param {string} relative */
function path(relative) {
  return fileURLToPath(new URL(relative, import.meta.url));
}
