import type { ServiceKind } from './service-process.ts';

/** That a service listens to a subject, relative to its network and with `*` for the name of a node. */
export interface Subscribed {
  readonly service: ServiceKind;
  readonly subject: string;
}

/** What the server says of its connections: https://docs.nats.io/running-a-nats-service/nats_admin/monitoring#connection-information */
interface Connections {
  readonly connections: readonly { readonly name?: string; readonly subscriptions_list?: readonly string[] }[];
}

/** As its client calls itself: its kind, and for some the beginning of a node's name. */
const SERVICE = /^witan-(adult|dkg-coordinator|elder|gateway)(-[0-9a-f]{8})?$/;
/** Where answers arrive that somebody waits for, and the NATS services protocol. */
const OTHER = /^(_INBOX|\$SRV)\./;

/** Every subscription of every service of the network, one for each process that has it. */
export async function subscriptionsOf(monitor: string, network: string): Promise<readonly Subscribed[]> {
  const response = await fetch(`http://${monitor}/connz?subs=1&limit=1000`, { signal: AbortSignal.timeout(5000) });
  const { connections } = (await response.json()) as Connections;
  return connections.flatMap(({ name = '', subscriptions_list: subjects = [] }) => {
    const service = SERVICE.exec(name)?.[1] as ServiceKind | undefined;
    if (service === undefined) return [];
    return subjects
      .filter((subject) => !OTHER.test(subject))
      .map((subject) => ({ service, subject: relative(subject, network) }));
  });
}

function relative(subject: string, network: string): string {
  const root = `witan.${network}.`;
  if (!subject.startsWith(root)) throw new Error(`a service listens to ${subject}, outside of its network`);
  return subject.slice(root.length).replace(/^node\.[0-9a-f]{64}\./, 'node.*.');
}
