/**
 * Logs so many lines where there is no room: its standard output is /dev/full. Then that is a file, which has room.
 *
 * Arguments: lines, file.
 */
import { closeSync, openSync } from 'node:fs';
import { createLogger } from '../../src/index.ts';

const [lines, file] = process.argv.slice(2) as [string, string];
const log = createLogger({ service: 'elder' });
for (let n = 0; n < Number(lines); n++) log.info({ n }, 'no room');
log.fatal('no room either');
// What is opened next gets the lowest number that is free.
closeSync(1);
if (openSync(file, 'a') !== 1) throw new Error('the file is not standard output');
log.info('room');
log.info('end');
