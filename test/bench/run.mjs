#!/usr/bin/env node
// What `npm run bench` runs. Plain JavaScript for Node 20; all else is TypeScript under the pinned Node.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const pinned = here('../../node_modules/node/bin/node');
const node = existsSync(pinned) ? pinned : process.execPath;
if (node === process.execPath && Number(process.versions.node.split('.')[0]) < 24) {
  console.error(`the benchmarks need the pinned Node 24 and this is ${process.version}: run npm ci first`);
  process.exit(69);
}

// The channel tells the child when this process is killed outright, so that nothing is left running.
const child = spawn(node, [here('main.ts'), ...process.argv.slice(2)], {
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
});
// Ctrl-C reaches both: the child cleans up, this waits for it.
process.on('SIGINT', () => {});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal ? 1 : 0);
});
