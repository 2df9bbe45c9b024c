import { fail, processIo } from '@witan/cli';
import { launch } from './launch.ts';
import { HELP, parseOptions } from './options.ts';

/** The real part of `npm start`, under the pinned Node; `start.mjs` has installed what it needs. */
try {
  const options = parseOptions(process.argv.slice(2), process.cwd(), process.stdout.isTTY === true);
  if (options.help) process.stdout.write(HELP);
  else process.exitCode = await launch(options, process.env);
} catch (error) {
  process.exitCode = fail(processIo(new AbortController().signal), error, process.argv.includes('--json'));
}
// Nothing is left to do, and whatever a library still holds open must not keep this here.
if (process.connected) process.disconnect();
