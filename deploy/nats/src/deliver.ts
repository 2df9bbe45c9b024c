import { createPrivateKey, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WitanError } from '@witan/errors';
import type { BusUser } from './users-config.ts';
import type { UsersDir } from './users-dir.ts';
import { type Certificate, issueCertificate, makeAuthority } from './x509.ts';

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3650;
const CERTIFICATE_DAYS = 365;
/** Whose clock is a little behind takes it too. */
const EARLIER_MS = 3_600_000;

const FOR_ALL = 0o444;
const FOR_OWNER = 0o400;

export interface Recipients {
  /** Where the folders are: one of each user, `nats` for the servers, `trust` for whoever only has to know the authority. */
  readonly folder: string;
  /** User id of the services, if the files are not to belong to who writes them. */
  readonly owner: number | undefined;
}

/**
 * Gives each service a folder with what is its own and nothing else, so that each folder can be shown to one container:
 *
 * - `nats.nk`: seed of its NATS user;
 * - `tls.pem`, `tls.key`: a certificate for its name (that of its NATS user) and `localhost`; `ca.pem`: who has signed all of them;
 * - `sealing.key`: of a node's two services, the key of their secrets on disk.
 *
 * The servers' folder has `users.conf` in the place of a seed. Seeds, sealing keys and the authority's own key stay in
 * `users`, which no service may see. What there is already is kept; certificates whose time is half over are made anew.
 *
 * @throws WITAN_ERR_STORE, WITAN_ERR_CONFIG
 */
export function deliver(users: UsersDir, { folder, owner }: Recipients, nowMs = Date.now()): readonly BusUser[] {
  const known = users.write();
  try {
    const authority = authorityIn(users.path, nowMs);
    const give = (name: string, file: string, content: string, mode: number) =>
      put(join(folder, name), file, content, { mode, owner });
    const certify = (name: string) => {
      give(name, 'ca.pem', authority.certificate, FOR_ALL);
      if (!isDue(join(folder, name), authority.certificate, nowMs)) return;
      const validity = { fromMs: nowMs - EARLIER_MS, toMs: nowMs + CERTIFICATE_DAYS * DAY_MS };
      const { certificate, key } = issueCertificate(authority, name, [name, 'localhost', '127.0.0.1'], validity);
      give(name, 'tls.key', pem(key), FOR_OWNER);
      give(name, 'tls.pem', certificate, FOR_ALL);
    };
    for (const { name, role } of known) {
      if (role === 'streams') continue; // There is no JetStream where folders are delivered.
      certify(name);
      give(name, 'nats.nk', readFileSync(users.seedFile(name), 'utf8'), FOR_OWNER);
      if (role === 'elder' || role === 'adult') give(name, 'sealing.key', sealingKey(users.path, name), FOR_OWNER);
    }
    certify('nats');
    give('nats', 'users.conf', readFileSync(users.configFile, 'utf8'), FOR_ALL);
    give('trust', 'ca.pem', authority.certificate, FOR_ALL);
    return known;
  } catch (error) {
    if (error instanceof WitanError) throw error;
    throw new WitanError('WITAN_ERR_STORE', `${folder}: ${(error as Error).message}`, { cause: error });
  }
}

function authorityIn(path: string, nowMs: number): Certificate {
  const [certFile, keyFile] = [join(path, 'ca.pem'), join(path, 'ca.key')];
  if (existsSync(certFile)) {
    return { certificate: readFileSync(certFile, 'utf8'), key: createPrivateKey(readFileSync(keyFile, 'utf8')) };
  }
  const validity = { fromMs: nowMs - EARLIER_MS, toMs: nowMs + AUTHORITY_DAYS * DAY_MS };
  const made = makeAuthority(`witan ${randomBytes(4).toString('hex')}`, validity);
  put(path, 'ca.key', pem(made.key), { mode: FOR_OWNER, owner: undefined });
  put(path, 'ca.pem', made.certificate, { mode: FOR_ALL, owner: undefined });
  return made;
}

/** One for both services of a node. */
function sealingKey(path: string, user: string): string {
  const file = `${user.replace(/-[a-z]+$/, '')}.sealing.key`;
  if (!existsSync(join(path, file))) {
    put(path, file, `${randomBytes(32).toString('hex')}\n`, { mode: FOR_OWNER, owner: undefined });
  }
  return readFileSync(join(path, file), 'utf8');
}

/** Whether there is no certificate of this authority, or its time is half over. */
function isDue(folder: string, authority: string, nowMs: number): boolean {
  const file = join(folder, 'tls.pem');
  if (!existsSync(file)) return true;
  const found = new X509Certificate(readFileSync(file));
  if (!found.checkIssued(new X509Certificate(authority))) return true;
  return Date.parse(found.validTo) - nowMs < (CERTIFICATE_DAYS / 2) * DAY_MS;
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}

/** Whoever reads it just now reads the old one or the new one. */
function put(
  folder: string,
  file: string,
  content: string,
  { mode, owner }: { readonly mode: number; readonly owner: number | undefined },
): void {
  mkdirSync(folder, { recursive: true });
  const draft = join(folder, `${file}.draft`);
  writeFileSync(draft, content, { mode });
  if (owner !== undefined) chownSync(draft, owner, owner);
  renameSync(draft, join(folder, file));
}
