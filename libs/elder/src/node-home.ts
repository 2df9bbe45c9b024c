import { existsSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Identity, Vault } from '@witan/crypto';
import { asWitanError, WitanError } from '@witan/errors';
import { assertSound, type FileJournal, openJournal, readOrCreateFile } from '@witan/journal';
import { HISTORY_PREFIX } from './history-shelf.ts';
import { openPublicJournal, type PublicJournal } from './public-journal.ts';
import { markRestored, unmarkRestored } from './restoration.ts';

export interface NodeHome {
  readonly identity: Identity;
  readonly vault: Vault;
  /** Votes, seeds and shares: a damaged one is refused, since peers cannot give it back. @throws `WITAN_ERR_LOCKED`, … */
  openElderJournal(): FileJournal;
  /** @throws `WITAN_ERR_LOCKED`, … */
  openAdultJournal(isGenesisKnown: boolean): PublicJournal;
}

const SEED_BYTES = 32;
export const IDENTITY_FILE = 'identity.sealed';
export const ELDER_JOURNAL = 'elder.db';
const IDENTITY_LABEL = new TextEncoder().encode('witan identity');

/**
 * The data directory of a node: its identity, made at the first start by whichever of its two processes comes first,
 * and a journal for each. Everything secret in it is sealed.
 * @throws WitanError `WITAN_ERR_SEALED` when the sealing key is not the one that the identity was sealed with, or the
 *   identity is damaged
 */
export function openNodeHome(
  dataDir: string,
  sealingKey: Uint8Array,
  random: (length: number) => Uint8Array,
): NodeHome {
  const vault = new Vault(sealingKey, random);
  const file = join(dataDir, IDENTITY_FILE);
  const sealed = readOrCreateFile(file, () => sealIdentity(vault, random(SEED_BYTES)));
  const seed = openIdentity(vault, sealed, file);
  const identity = Identity.fromSeed(seed);
  seed.fill(0);
  return {
    identity,
    vault,
    openElderJournal: () => {
      const journal = openSoundJournal(join(dataDir, ELDER_JOURNAL));
      for (const [note, act] of Object.entries(NOTES)) takeNote(join(dataDir, note), () => act(journal));
      return journal;
    },
    openAdultJournal: (isGenesisKnown) => openPublicJournal(join(dataDir, 'adult.db'), new Date(), isGenesisKnown),
  };
}

/** What it has seen of sessions is for people to look at: that may be damaged. */
function openSoundJournal(file: string): FileJournal {
  const journal = openJournal(file, { roomInLog: true });
  try {
    assertSound(journal, ({ key }) => !key?.startsWith(HISTORY_PREFIX));
    return journal;
  } catch (error) {
    try {
      journal.close();
    } catch {
      // What is damaged has been found.
    }
    throw error;
  }
}

/** Files that an operator may leave in the directory, empty: what kind of state the journal is put back to. */
const NOTES = { restored: markRestored, 'as-it-was': unmarkRestored };

function takeNote(file: string, act: () => void): void {
  if (!existsSync(file)) return;
  act();
  unlinkSync(file);
}

function sealIdentity(vault: Vault, seed: Uint8Array): Uint8Array {
  const sealed = vault.seal(seed, IDENTITY_LABEL);
  seed.fill(0);
  return sealed;
}

function openIdentity(vault: Vault, sealed: Uint8Array, file: string): Uint8Array {
  try {
    return vault.open(sealed, IDENTITY_LABEL);
  } catch (error) {
    const { code, detail } = asWitanError(error);
    throw new WitanError(code, `${file}: ${detail}`, { cause: error, data: { file } });
  }
}
