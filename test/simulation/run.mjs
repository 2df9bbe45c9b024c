#!/usr/bin/env node
// Runs on any Node from 20 on, and from there on the Node that the project pins.
import { existsSync } from 'node:fs';
import { rootPath, runPinned } from '../../deploy/local/install.mjs';

if (!existsSync(rootPath('node_modules/node/bin/node'))) {
  console.error('The dependencies are not installed. Run: npm ci');
  process.exit(69);
}
process.exitCode = await runPinned(rootPath('test/simulation/main.ts'), process.argv.slice(2));
