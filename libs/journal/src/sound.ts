import type { Damage, FileJournal } from './journal.ts';
import { corrupt } from './store-error.ts';

/**
 * Reads everything, once, before anything is made of it: one wrong bit can make a stream look as if it had never been
 * written, and who reads that alone sees nothing wrong.
 *
 * @param matters whether somebody cannot do without what is damaged; all matters unless given
 * @throws WITAN_ERR_JOURNAL_CORRUPT with the first damage
 */
export function assertSound(journal: FileJournal, matters: (damage: Damage) => boolean = () => true): void {
  const damage = journal.verify().damage.find(matters);
  if (damage !== undefined) throw corrupt(journal.location, damage, damage.reason);
}
