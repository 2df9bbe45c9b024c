import type { Cluster } from './cluster.ts';
import type { ServiceProcess } from './service-process.ts';

/** Gauges of what a process has decided or agreed on; the counts of its journal beside them. */
const GAUGES = [
  'witan_section_generation',
  'witan_section_members',
  'witan_section_chain_length',
  'witan_elder_usable_share',
  'witan_dkg_phase',
  'witan_dkg_waiting_on',
  'witan_dkg_blames_total',
];

/** All that bad input might change: of the section and a session as REST shows them, and of each process by itself. */
export async function publicState(cluster: Cluster, session: string) {
  const { api } = cluster;
  const [section, { nodes }, { links }, shown, processes] = await Promise.all([
    cluster.section(),
    api.nodes({ limit: 1000 }),
    api.chain({ prefix: 'root', limit: 1000 }),
    api.session({ id: session }),
    Promise.all(cluster.processes.map(stateOf)),
  ]);
  const { key, generation, chainLength, elders, members } = section;
  const { phase, waitingOn, blame, phases } = shown;
  return {
    section: { key, generation, chainLength, elders: elders.map(({ name }) => name), members: members.length },
    chain: links.map((link) => link.key),
    // One who is heard of and has not been admitted is shown as that.
    nodes: nodes.filter(({ state }) => state !== 'joining').map(({ name, age, roles }) => ({ name, age, roles })),
    session: { state: shown.state, phase, waitingOn, blame, received: phases.map((each) => each.received) },
    processes,
  };
}

async function stateOf(service: ServiceProcess) {
  const metrics = await service.metrics();
  const written =
    (metrics.value('witan_journal_records_total') ?? 0) + (metrics.value('witan_journal_pending_records') ?? 0);
  const gauges = Object.fromEntries(GAUGES.map((name) => [name, metrics.value(name)]));
  return { name: service.name, pid: service.pid, written, ...gauges };
}
