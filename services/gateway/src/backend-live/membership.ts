import type { Ledger } from '@witan/section';

interface MembershipChange {
  readonly node: string;
  readonly age: number;
  readonly change: 'joined' | 'promoted' | 'demoted';
}

/** Who has come and who is an elder now, or no longer, between two ledgers of one section. */
export function membershipChanges(before: Ledger | undefined, ledger: Ledger): readonly MembershipChange[] {
  const changes: MembershipChange[] = [];
  const say = (node: string, change: MembershipChange['change']) =>
    void changes.push({ node, age: ledger.members.get(node)?.age ?? 0, change });
  for (const name of ledger.members.keys()) if (!before?.members.has(name)) say(name, 'joined');
  const old = new Set(before?.elders.map((elder) => elder.name));
  const now = new Set(ledger.elders.map((elder) => elder.name));
  for (const name of now) if (!old.has(name)) say(name, 'promoted');
  for (const name of old) if (!now.has(name)) say(name, 'demoted');
  return changes;
}
