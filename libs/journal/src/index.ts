export { publishDirectory, readOrCreateFile, setJournalAside } from './files.ts';
export type {
  Damage,
  FileJournal,
  Journal,
  JournalItem,
  JournalStats,
  JournalStream,
  JournalTable,
  Quarantine,
  VerifyReport,
} from './journal.ts';
export { MemoryJournal } from './memory-journal.ts';
export { assertSound } from './sound.ts';
export { openJournal } from './sqlite-journal.ts';
export type { OpenOptions } from './sqlite-open.ts';
export { corrupt, storeError } from './store-error.ts';
