import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProofBundle } from '@witan/chain';
import { Identity, sha256 } from '@witan/crypto';
import { type KINDS, networkTag, sealEnvelope } from '@witan/wire';
import { DKG_FORMS } from './dkg-forms.ts';
import { type Form, hex, toJson } from './form.ts';
import { SECTION_FORMS } from './section-forms.ts';

/** Every form that is sent or stored, by name; whoever adds one adds it here. */
export const FORMS: Readonly<Record<string, Form>> = { ...DKG_FORMS, ...SECTION_FORMS };

type FormName = keyof typeof DKG_FORMS | keyof typeof SECTION_FORMS;

/** What stands in a signed message of each kind. Pages of a history are recorded from a node. */
export const BODY_OF: { readonly [K in Exclude<keyof typeof KINDS, 'dkgHistory'>]: FormName } = {
  dkgMessage: 'dkgMessage',
  dkgVote: 'dkgVote',
  dkgProposal: 'dkgProposal',
  dkgReport: 'dkgReport',
  dkgRepair: 'dkgRepair',
  dkgRepairDealing: 'dkgRepairDealing',
  sectionVote: 'sectionVote',
  sectionProposal: 'sectionProposal',
  joinRequest: 'joinRequest',
  heartbeat: 'heartbeat',
  dkgHoldings: 'dkgHoldings',
  sectionHoldings: 'sectionHoldings',
};

export const NETWORK = 'fixtures';
export const AUTHOR = Identity.fromSeed(sha256(new TextEncoder().encode('compatibility')));

interface StoredSample {
  readonly value: unknown;
  readonly hex: string;
}

export type StoredForms = Readonly<Record<string, Readonly<Record<string, StoredSample>>>>;

/** As this version writes them. */
export function formsNow(): StoredForms {
  return Object.fromEntries(
    Object.entries(FORMS).map(([name, { samples, encode }]) => [
      name,
      Object.fromEntries(
        Object.entries(samples).map(([sample, value]) => [sample, { value: toJson(value), hex: hex(encode(value)) }]),
      ),
    ]),
  );
}

/** One signed message of each kind, with the first sample of its body. */
export function envelopesNow(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(BODY_OF).map(([kind, body]) => {
      const { samples, encode } = FORMS[body]!;
      const bytes = encode(Object.values(samples)[0]);
      return [kind, hex(sealEnvelope(AUTHOR, networkTag(NETWORK), kind as keyof typeof KINDS, bytes).raw)];
    }),
  );
}

/** What was recorded of a network of real processes. */
export interface StoredNetwork {
  readonly genesisKey: string;
  readonly payload: string;
  readonly bundle: ProofBundle;
  /** What the elder of the stored directory answered when it was asked for the history of a session. */
  readonly history: { readonly request: string; readonly answer: string; readonly entries: number };
  readonly node: {
    readonly name: string;
    readonly generation: number;
    readonly key: string;
    /** Public half of its share of that key. */
    readonly publicKeyShare: string;
    /** Sessions that its journal has the history of. */
    readonly histories: number;
  };
}

/** The names of files of a node's directory here; databases have another ending than those that are ignored. */
export const NODE_FILES = {
  'identity.sealed': 'identity.sealed',
  'sealing.key': 'sealing.key',
  'elder.db': 'elder.sqlite',
  'adult.db': 'adult.sqlite',
};

export const folderOf = (version: number): string => join(import.meta.dirname, `v${version}`);

export const VERSIONS: readonly number[] = readdirSync(import.meta.dirname)
  .flatMap((name) => /^v(\d+)$/.exec(name)?.[1] ?? [])
  .map(Number);

export function stored<T>(version: number, file: 'forms' | 'envelopes' | 'network'): T {
  return JSON.parse(readFileSync(join(folderOf(version), `${file}.json`), 'utf8')) as T;
}

export const isStored = (version: number): boolean => existsSync(folderOf(version));
