import { join } from 'node:path';
import { Identity, Vault } from '@witan/crypto';
import { type Journal, openJournal, readOrCreateFile } from '@witan/journal';

export interface NodeHome {
  readonly identity: Identity;
  readonly vault: Vault;
  /** The journal of one of the node's services. @throws `WITAN_ERR_LOCKED`, `WITAN_ERR_JOURNAL_CORRUPT`, … */
  openJournal(service: 'adult' | 'elder'): Journal;
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
    openJournal: (service) => openJournal(join(dataDir, `${service}.db`)),
  };
}
