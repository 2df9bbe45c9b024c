#!/usr/bin/env node
// Runs on any Node from 20 on, and from there on the Node that the project pins.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const pinned = fileURLToPath(new URL('../../node_modules/node/bin/node', import.meta.url));
const main = fileURLToPath(new URL('./main.ts', import.meta.url));
if (!existsSync(pinned)) {
  console.error('The dependencies are not installed. Run: npm ci');
  process.exit(69);
}
const { status, signal } = spawnSync(pinned, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(signal ? 130 : (status ?? 1));
