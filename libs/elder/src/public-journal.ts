import { errorCode } from '@witan/errors';
import { type Journal, openJournal, setJournalAside } from '@witan/journal';

export interface PublicJournal {
  readonly journal: Journal;
  /** The damaged file, if there was one: kept for whoever wants to know what happened. */
  readonly setAside: string | undefined;
}

const STREAM = 'section';

/**
 * Opens the journal of one who only follows. All that it holds is public and proves itself, so a damaged one is set
 * aside and begun anew: peers have the rest. Its first record, the genesis that this node has trusted so far, is taken
 * over where it can still be read, so that damage does not make it trust another one.
 *
 * @throws what {@link openJournal} throws, but for damage
 */
export function openPublicJournal(file: string, now: Date): PublicJournal {
  const opened = openSound(file);
  if ('sound' in opened) return { journal: opened.sound, setAside: undefined };
  const setAside = setJournalAside(file, now);
  const journal = openJournal(file);
  if (opened.first) journal.stream(STREAM).append([opened.first], true);
  return { journal, setAside };
}

function openSound(file: string): { readonly sound: Journal } | { readonly first: Uint8Array | undefined } {
  let journal: Journal;
  try {
    journal = openJournal(file);
  } catch (error) {
    if (errorCode(error) !== 'WITAN_ERR_JOURNAL_CORRUPT') throw error;
    return { first: undefined };
  }
  try {
    journal.stream(STREAM).read();
    return { sound: journal };
  } catch (error) {
    if (errorCode(error) !== 'WITAN_ERR_JOURNAL_CORRUPT') throw error;
    const first = firstRecord(journal);
    closeDamaged(journal);
    return { first };
  }
}

function firstRecord(journal: Journal): Uint8Array | undefined {
  try {
    const isDamaged = journal
      .verify()
      .damage.some(({ stream, seq }) => stream === undefined || (stream === STREAM && seq === 0));
    if (isDamaged) return undefined;
    const { readable } = journal.quarantine(STREAM);
    return journal.stream(readable.stream).read()[0];
  } catch {
    return undefined;
  }
}

function closeDamaged(journal: Journal): void {
  try {
    journal.close();
  } catch {
    // It is not written to again.
  }
}
