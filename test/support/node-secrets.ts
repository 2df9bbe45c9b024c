import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MemoryHub } from '@witan/bus';
import { loadSealingKey } from '@witan/config';
import { scalarToBytes, secureRandom, Vault } from '@witan/crypto';
import { DEFAULT_PARAMS as DKG_PARAMS, forms } from '@witan/dkg';
import { busTransport, Elder, openNodeHome } from '@witan/elder';
import { VirtualClock } from '@witan/runtime';
import { currentShare, DEFAULT_PARAMS as SECTION_PARAMS } from '@witan/section';
import type { ClusterNode } from './cluster-node.ts';

/** What must never leave a node, as whoever has its volume and its sealing key reads it there. The node must not run. */
export function secretsOf({ dataDir }: ClusterNode, network: string): Readonly<Record<string, Uint8Array>> {
  const { key } = loadSealingKey({ dataDir, sealingKey: undefined });
  const sealed = readFileSync(join(dataDir, 'identity.sealed'));
  const seed = new Vault(key, secureRandom).open(sealed, new TextEncoder().encode('witan identity'));
  return { 'sealing key': key, 'seed of the identity': seed, 'key share': keyShare(dataDir, key, network) };
}

function keyShare(dataDir: string, key: Uint8Array, network: string): Uint8Array {
  const share = asElder(dataDir, key, network, ({ state }) => currentShare(state));
  if (share === undefined) throw new Error(`there is no key share in ${dataDir}`);
  return scalarToBytes(share);
}

/** What is secret of a session that has not ended, in the same way: all that its shares can be computed from. */
export function sessionSecretsOf(
  { dataDir }: ClusterNode,
  network: string,
  id: string,
): Readonly<Record<string, Uint8Array>> {
  const { key } = loadSealingKey({ dataDir, sealingKey: undefined });
  return asElder(dataDir, key, network, ({ sessions }) => {
    const { session, state } = sessions.all.get(id)!;
    const seed = state.seed!.slice();
    const { value, blind } = forms.deal(seed, session.threshold);
    const coefficients = Object.entries({ value, blind }).flatMap(([of, scalars]) =>
      scalars.map((scalar, at) => [`coefficient ${at} of ${of}`, scalarToBytes(scalar)] as const),
    );
    return { seed, 'private key': forms.sessionKeys(seed).privateKey, ...Object.fromEntries(coefficients) };
  });
}

/** What the elder has in memory when it has read its journal. */
function asElder<T>(dataDir: string, key: Uint8Array, network: string, look: (elder: Elder) => T): T {
  const home = openNodeHome(dataDir, key, secureRandom);
  const journal = home.openElderJournal();
  const bus = new MemoryHub().connect('a reader');
  const elder = new Elder({
    identity: home.identity,
    network,
    prefix: '',
    genesis: 'join',
    genesisKey: undefined,
    journal,
    sealer: home.vault,
    clock: new VirtualClock(),
    transport: busTransport({ bus, network, prefix: '', name: home.identity.name, service: 'elder' }),
    wallClock: Date.now,
    random: secureRandom,
    params: { section: SECTION_PARAMS, dkg: DKG_PARAMS, heartbeatMs: 60_000 },
    observer: {},
  });
  elder.start();
  try {
    return look(elder);
  } finally {
    elder.stop();
    journal.close();
  }
}

/** What is secret of a private key (P-256) in PEM, as a program has it that has read it, and as the file has it. */
export function secretsOfKey(file: string): Readonly<Record<string, Uint8Array>> {
  const pem = readFileSync(file, 'utf8');
  const { d } = createPrivateKey(pem).export({ format: 'jwk' });
  // The first line says of what kind it is, with little of the key.
  return { scalar: Buffer.from(d!, 'base64url'), 'line of the file': Buffer.from(pem.split('\n')[2]!) };
}

/** Where a secret shows, in any form in which a program could write it. */
export function findSecret(secret: Uint8Array, haystacks: Readonly<Record<string, Buffer>>): string[] {
  const bytes = Buffer.from(secret);
  const encoded = (['hex', 'base64', 'base64url'] as const).map((form) => bytes.toString(form).replace(/=+$/, ''));
  const forms: Readonly<Record<string, Buffer>> = {
    bytes,
    'upper-case hex': Buffer.from(bytes.toString('hex').toUpperCase()),
    'the other way round': Buffer.from(Buffer.from(bytes).reverse().toString('hex')),
    decimal: Buffer.from(BigInt(`0x${bytes.toString('hex')}`).toString()),
    'a list of numbers': Buffer.from([...bytes].join(',')),
    ...Object.fromEntries(encoded.map((text, at) => [`encoded ${at}`, Buffer.from(text)])),
  };
  return Object.entries(haystacks).flatMap(([where, haystack]) =>
    Object.entries(forms).flatMap(([form, needle]) => (haystack.includes(needle) ? [`${where}, as ${form}`] : [])),
  );
}
