import { inboxOf, type Permissions, permissionsOf, type Role } from '@witan/bus';

/** One user of the NATS servers. */
export interface BusUser {
  /** `gateway-0`, `node-3-elder`, `operator`, `streams`: for people. */
  readonly name: string;
  /**
   * An operator may look at everything and ask the services how they are; it says nothing of its own. `streams` keeps
   * streams of what is said, where the servers have JetStream.
   */
  readonly role: Role | 'operator' | 'streams';
  /** Name of the node, where it is known: its elder then answers for no other. */
  readonly node?: string | undefined;
  /** Public key, `U…`. */
  readonly nkey: string;
}

/** An account of its own has JetStream: no service is in it, and nothing that one says is an order there. */
const STREAMS = 'streams';
/** The only section so far. */
const PREFIX = '';

/**
 * The users as nats-server's configuration has them (2.2 and later), to be included in one or to be one. It holds
 * nothing secret. @throws WITAN_ERR_INVALID for names that cannot stand in a subject
 *
 * @param more further users, each as it stands in the configuration
 */
export function usersConfig(network: string, users: readonly BusUser[], more: readonly string[] = []): string {
  const operators = users.filter(({ role }) => role === 'operator').map(({ nkey }) => inboxOf(nkey));
  const entries = (of: (user: BusUser) => boolean) =>
    users.filter(of).map((user) => entry(user, permissions(network, user, operators)));
  const said = `witan.${network}.>`;
  return `# Made by deploy/nats from libs/bus/src/permissions.ts: who may say and hear what.
accounts {
  WITAN {
    users = [
${[...entries(({ role }) => role !== STREAMS), ...more.map((each) => `      ${each}`)].join('\n')}
    ]
    exports = [{ stream: ${JSON.stringify(said)} }]
  }
  STREAMS {
    jetstream: enabled
    users = [
${entries(({ role }) => role === STREAMS).join('\n')}
    ]
    imports = [{ stream: { account: WITAN, subject: ${JSON.stringify(said)} } }]
  }
}
`;
}

function permissions(network: string, { role, node, nkey }: BusUser, operators: readonly string[]): Permissions {
  const inbox = inboxOf(nkey);
  if (role === 'streams') {
    return { publish: ['$JS.API.>', '$JS.ACK.>'], subscribe: [`witan.${network}.>`, `${inbox}.>`] };
  }
  if (role !== 'operator') return permissionsOf(role, { network, prefix: PREFIX, node, inbox, operators });
  return { publish: ['$SRV.>'], subscribe: [`witan.${network}.>`, `${inbox}.>`] };
}

function entry({ name, nkey }: BusUser, { publish, subscribe }: Permissions): string {
  const list = (subjects: readonly string[]): string =>
    `[\n${subjects.map((subject) => `            ${JSON.stringify(subject)}`).join('\n')}\n          ]`;
  return `      # ${name}
      {
        nkey: ${nkey}
        permissions: {
          publish: ${list(publish)}
          subscribe: ${list(subscribe)}
        }
      }`;
}
