import type { Network, Node, Section } from '@witan/api';
import { prefixName } from '@witan/chain';
import { toHex } from '@witan/crypto';
import type { Ledger } from '@witan/section';
import type { Presence } from './presence.ts';
import { time } from './time.ts';

export function networkView(network: string, ledger: Ledger): Network {
  return {
    network,
    genesisKey: toHex(ledger.chain[0]!.key),
    sections: [
      {
        prefix: prefixName(ledger.prefix),
        key: toHex(ledger.key),
        generation: ledger.generation,
        chainLength: ledger.chain.length,
        elders: ledger.elders.length,
        members: ledger.members.size,
      },
    ],
  };
}

export function sectionView(ledger: Ledger, presence: Presence, nowMs: number): Section {
  const elders = new Set(ledger.elders.map((elder) => elder.name));
  return {
    prefix: prefixName(ledger.prefix),
    key: toHex(ledger.key),
    generation: ledger.generation,
    chainLength: ledger.chain.length,
    threshold: ledger.threshold,
    elders: ledger.elders.map(({ name, index, publicKeyShare }) => ({
      name,
      index,
      age: ledger.members.get(name)?.age ?? 0,
      publicKeyShare: toHex(publicKeyShare),
      ...presence.elder(name, ledger.key, nowMs),
    })),
    members: [...ledger.members.values()]
      .map(({ name, age }) => ({ name, age, elder: elders.has(name) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    signature: toHex(ledger.chain.at(-1)!.certified.signature),
  };
}

export function nodeViews(ledger: Ledger, presence: Presence, nowMs: number): Node[] {
  const elders = new Set(ledger.elders.map((elder) => elder.name));
  const candidates = new Set(ledger.pending?.participants ?? []);
  const names = new Set([...ledger.members.keys(), ...presence.names()]);
  return [...names].sort().map((name) => {
    const member = ledger.members.get(name);
    const lastSeen = presence.lastSeenMs(name);
    const roles: Node['roles'] = member ? ['adult'] : [];
    if (candidates.has(name)) roles.push('candidate');
    if (elders.has(name)) roles.push('elder');
    return {
      name,
      age: member?.age ?? 0,
      state: member ? 'joined' : 'joining',
      roles,
      section: member ? prefixName(ledger.prefix) : null,
      lastSeen: lastSeen === undefined ? null : time(lastSeen),
      reachable: presence.isReachable(name, nowMs),
    };
  });
}
