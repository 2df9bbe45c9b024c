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

/** An account of its own has JetStream: who may answer in it could send it orders as well, in an answer. */
const STREAMS = 'streams';
/** The only section so far. */
const PREFIX = '';
/** An answer, and word that there will be none after all. */
const ANSWERS = '{ max: 2, expires: "1m" }';

/**
 * The users as nats-server's configuration has them (2.2 and later), to be included in one or to be one. It holds
 * nothing secret. @throws WITAN_ERR_INVALID for names that cannot stand in a subject
 *
 * @param more further users, each as it stands in the configuration
 */
export function usersConfig(network: string, users: readonly BusUser[], more: readonly string[] = []): string {
  const entries = (of: (user: BusUser) => boolean) =>
    users.filter(of).map((user) => entry(user, permissions(network, user)));
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

function permissions(network: string, { role, node, nkey }: BusUser): Permissions {
  const inbox = inboxOf(nkey);
  if (role === 'streams') {
    return { publish: ['$JS.API.>', '$JS.ACK.>'], subscribe: [`witan.${network}.>`, `${inbox}.>`] };
  }
  if (role !== 'operator') return permissionsOf(role, { network, prefix: PREFIX, node, inbox });
  return { publish: ['$SRV.>'], subscribe: [`witan.${network}.>`, `${inbox}.>`] };
}

function entry({ name, role, nkey }: BusUser, { publish, subscribe }: Permissions): string {
  const list = (subjects: readonly string[]): string =>
    `[\n${subjects.map((subject) => `            ${JSON.stringify(subject)}`).join('\n')}\n          ]`;
  const answers = role === 'operator' || role === 'streams' ? '' : `          allow_responses: ${ANSWERS}\n`;
  return `      # ${name}
      {
        nkey: ${nkey}
        permissions: {
          publish: ${list(publish)}
          subscribe: ${list(subscribe)}
${answers}        }
      }`;
}
