// Waits for a moment that all its siblings wait for, then prints what it finds or makes.
import { randomBytes } from 'node:crypto';
import { readOrCreateFile } from '../../src/index.ts';

const [path = '', at = '0'] = process.argv.slice(2);
while (Date.now() < Number(at));
console.log(Buffer.from(readOrCreateFile(path, () => randomBytes(32))).toString('hex'));
