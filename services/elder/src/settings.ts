import { type ConfigOf, duration, integer, path, text } from '@witan/config';
import { DEFAULT_PARAMS as DKG_PARAMS, type Params as DkgParams } from '@witan/dkg';
import { HEARTBEAT_MS_MAX } from '@witan/elder';
import { WitanError } from '@witan/errors';
import { DEFAULT_POLICY, type Params as SectionParams } from '@witan/section';

/** Copies of the node's data, taken while it runs. */
export const backupSettings = {
  backupDir: path({
    help: 'Directory for copies of identity and journal, taken while the elder runs; none unless set',
  }),
  backupEveryMs: duration({
    default: 3_600_000,
    min: 1000,
    max: 2_592_000_000,
    help: 'How often such a copy is taken, from the start on',
  }),
  backupKeep: integer({ default: 24, min: 1, max: 10_000, help: 'So many copies are kept' }),
};

/** What can be set about the protocol. All nodes of a network should agree on it: they vote by it. */
export const elderSettings = {
  genesisHost: text({
    help: 'With WITAN_GENESIS=create: the one host that makes the genesis key, by its name; on all others it means join',
  }),
  genesisWitnesses: integer({
    min: 0,
    max: 1000,
    help: 'So many other nodes have to say that they know no section before the genesis key is made; 0 makes it at once, which begins a second network where there is one and the directory is empty. Has to be set with WITAN_GENESIS=create',
  }),
  heartbeatMs: duration({
    default: HEARTBEAT_MS_MAX,
    min: 100,
    max: HEARTBEAT_MS_MAX,
    help: 'How often a node says that it is alive; after 4 s without a word it counts as gone',
  }),
  elderCount: integer({
    default: DEFAULT_POLICY.elderCount,
    min: 1,
    max: 128,
    help: 'Elders of a section that has enough nodes',
  }),
  phaseDeadlineMs: duration({
    default: DKG_PARAMS.deadlineMs,
    min: 100,
    max: 3_600_000,
    help: 'How long a DKG phase waits for everyone before a supermajority may close it',
  }),
  settleMs: duration({
    default: DEFAULT_POLICY.settleMs,
    min: 0,
    max: 3_600_000,
    help: 'Quiet time after members have changed before the elders are chosen anew',
  }),
  absentAfterMs: duration({
    default: DEFAULT_POLICY.absentAfterMs,
    min: 1000,
    max: 86_400_000,
    help: 'An elder silent for this long may be replaced by another node',
  }),
  retryAfterMs: duration({
    default: DEFAULT_POLICY.retryAfterMs,
    min: 1000,
    max: 86_400_000,
    help: 'A DKG session that has not ended after this long is tried again, with others in the place of those who were silent',
  }),
};

type Config = ConfigOf<typeof elderSettings>;

/** Where the network is to be founded, in a text that is about its not being there; empty where nothing says so. */
export function foundedElsewhere(
  { genesis, genesisKey, genesisHost }: Parameters<typeof isFounder>[0],
  host: string,
): string {
  if (genesis !== 'create' || genesisKey !== undefined || genesisHost === undefined || genesisHost === host) return '';
  return `; WITAN_GENESIS_HOST has ${genesisHost} make one, and this host is ${host}`;
}

/**
 * Whether this process may make the genesis key. Where the key is known, there is a network: whoever has an empty
 * directory joins that one.
 */
export function isFounder(
  config: { genesis: 'create' | 'join'; genesisKey: string | undefined; genesisHost: string | undefined },
  host: string,
): boolean {
  const { genesis, genesisKey, genesisHost = host } = config;
  return genesis === 'create' && genesisKey === undefined && genesisHost === host;
}

/**
 * How many others have to say that they know no section before this process makes the genesis key; nothing, if it makes
 * none. @throws WITAN_ERR_CONFIG where nobody has said how many: to make it unasked takes to be told so
 */
export function witnessesOf(
  config: Parameters<typeof isFounder>[0] & { genesisWitnesses: number | undefined },
  host: string,
): number | undefined {
  if (!isFounder(config, host)) return undefined;
  if (config.genesisWitnesses !== undefined) return config.genesisWitnesses;
  throw new WitanError(
    'WITAN_ERR_CONFIG',
    'WITAN_GENESIS=create without WITAN_GENESIS_WITNESSES: with an empty directory this node could begin a second network. Say how many other nodes have to know none; 0 for the first start of a new network',
  );
}

export function protocolParams(config: Config, section: SectionParams, dkg: DkgParams) {
  const { elderCount, settleMs, absentAfterMs, retryAfterMs, heartbeatMs, phaseDeadlineMs } = config;
  return {
    section: { ...section, policy: { ...section.policy, elderCount, settleMs, absentAfterMs, retryAfterMs } },
    dkg: { ...dkg, deadlineMs: phaseDeadlineMs },
    heartbeatMs,
  };
}
