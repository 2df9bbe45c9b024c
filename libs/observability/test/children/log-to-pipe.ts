/**
 * Logs so many lines to whoever reads standard output, says that it has, and logs on until it is killed.
 *
 * Arguments: lines.
 */
import { createLogger } from '../../src/index.ts';

// As a service does; from then on a pipe that is full says so, and holds nobody up.
const { isTTY } = process.stdout;
const log = createLogger({ service: 'elder', colour: isTTY === true });
for (let n = 0; n < Number(process.argv[2]); n++) log.info({ n }, 'line');
process.send?.('done');
process.once('disconnect', () => process.exit());
setInterval(() => log.info('later'), 10);
