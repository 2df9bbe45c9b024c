import { asWitanError, errorCode, WitanError } from '@witan/errors';
import { assertSound, type FileJournal, type Journal, openJournal, setJournalAside } from '@witan/journal';

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
 * @param isGenesisKnown whether the genesis key is configured, and so need not be in the journal
 * @throws what {@link openJournal} throws, but for damage; damage too where nothing else says which genesis to trust
 */
export function openPublicJournal(file: string, now: Date, isGenesisKnown: boolean): PublicJournal {
  const opened = openSound(file);
  if ('sound' in opened) return { journal: opened.sound, setAside: undefined };
  if (!opened.first && !isGenesisKnown) throw withoutTrust(opened.damage);
  const setAside = setJournalAside(file, now);
  const journal = openJournal(file);
  if (opened.first) journal.stream(STREAM).append([opened.first], true);
  return { journal, setAside };
}

function withoutTrust(damage: unknown): WitanError {
  const { detail, data } = asWitanError(damage);
  const hint =
    'the genesis that this node trusts is lost with it: set WITAN_GENESIS_KEY, and it is learnt anew from peers';
  return new WitanError('WITAN_ERR_JOURNAL_CORRUPT', `${detail}; ${hint}`, { cause: damage, ...(data && { data }) });
}

interface Damaged {
  readonly first: Uint8Array | undefined;
  readonly damage: unknown;
}

function openSound(file: string): { readonly sound: Journal } | Damaged {
  let journal: FileJournal;
  try {
    journal = openJournal(file);
  } catch (error) {
    if (errorCode(error) !== 'WITAN_ERR_JOURNAL_CORRUPT') throw error;
    return { first: undefined, damage: error };
  }
  try {
    assertSound(journal);
    return { sound: journal };
  } catch (error) {
    if (errorCode(error) !== 'WITAN_ERR_JOURNAL_CORRUPT') throw error;
    const first = firstRecord(journal);
    closeDamaged(journal);
    return { first, damage: error };
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
