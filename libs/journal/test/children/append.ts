// Appends numbered durable records to `stream` for ever, and acknowledges each on standard output.
import { writeSync } from 'node:fs';
import { openJournal } from '../../src/index.ts';

const [file = '', start = '0', room] = process.argv.slice(2);
const stream = openJournal(file, { roomInLog: room !== undefined }).stream('acknowledged');
for (let n = Number(start); ; n++) {
  // Every other one brings a lazy record along, which is never acknowledged by itself.
  if (n % 2 === 1) stream.append([new TextEncoder().encode(`lazy ${n}`)], false);
  stream.append([new TextEncoder().encode(`${n} ${'x'.repeat(n % 3000)}`)], true);
  writeSync(1, `${n}\n`);
}
