import { join } from 'node:path';
import { Identity, Vault } from '@witan/crypto';
import { type Journal, openJournal, readOrCreateFile } from '@witan/journal';
import { openPublicJournal, type PublicJournal } from './public-journal.ts';

export interface NodeHome {
  readonly identity: Identity;
  readonly vault: Vault;
  /** Votes, seeds and shares: a damaged one is refused, since peers cannot give it back. @throws `WITAN_ERR_LOCKED`, … */
  openElderJournal(): Journal;
  /** @throws `WITAN_ERR_LOCKED`, … */
  openAdultJournal(isGenesisKnown: boolean): PublicJournal;
}

const SEED_BYTES = 32;
const IDENTITY_FILE = 'identity.sealed';
const IDENTITY_LABEL = new TextEncoder().encode('witan identity');

/**
 * The data directory of a node: its identity, made at the first start by whichever of its two processes comes first,
 * and a journal for each. Everything secret in it is sealed.
 * @throws WitanError `WITAN_ERR_SEALED` when the sealing key is not the one that the identity was sealed with
 */
export function openNodeHome(
  dataDir: string,
  sealingKey: Uint8Array,
  random: (length: number) => Uint8Array,
): NodeHome {
  const vault = new Vault(sealingKey, random);
  const sealed = readOrCreateFile(join(dataDir, IDENTITY_FILE), () => vault.seal(random(SEED_BYTES), IDENTITY_LABEL));
  const seed = vault.open(sealed, IDENTITY_LABEL);
  const identity = Identity.fromSeed(seed);
  seed.fill(0);
  return {
    identity,
    vault,
    openElderJournal: () => openJournal(join(dataDir, 'elder.db')),
    openAdultJournal: (isGenesisKnown) => openPublicJournal(join(dataDir, 'adult.db'), new Date(), isGenesisKnown),
  };
}
