// Says what happens when it opens the journal.
import { isWitanError } from '@witan/errors';
import { openJournal } from '../../src/index.ts';

try {
  openJournal(process.argv[2] ?? '').close();
  console.log('opened');
} catch (error) {
  console.log(isWitanError(error) ? JSON.stringify({ code: error.code, detail: error.detail }) : String(error));
}
