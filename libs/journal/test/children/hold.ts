// Opens the journal and holds it.
import { openJournal } from '../../src/index.ts';

const journal = openJournal(process.argv[2] ?? '');
journal.stream('held').append([new Uint8Array([1])], true);
console.log('open');
setInterval(() => journal.flush(), 1000);
