import { parseArgs } from 'node:util';
import { asWitanError, WitanError } from '@witan/errors';
import { deliver } from './deliver.ts';
import { planFor, rememberPlan } from './plan.ts';
import { UsersDir } from './users-dir.ts';

const HELP = `Makes the users of the NATS servers: for each service a key and the subjects that its role needs.

Usage: node deploy/nats/src/main.ts --out DIR [options]

  --out DIR            where to; what is there already is kept
  --network NAME       as WITAN_NETWORK of the services (as DIR remembers; at first local)
  --nodes N            how many nodes, each with a user for its elder and one for its adult (the same; at first 9)
  --gateways N         how many users for gateways (the same; at first 1: replicas of a Deployment share one)
  --coordinators N     and for DKG coordinators (the same; at first 1)
  --force              take another network, or fewer of them, than DIR remembers: whoever is left out is shut out
  --name node-N=NAME   name of a node, as the ready line of its elder tells it: it then answers for that name alone;
                       may be given several times
  --renew USER         a new key for this user, such as node-3-elder; may be given several times
  --deliver FOLDER     gives each service a folder of its own there, FOLDER/USER: nats.nk, and a certificate for TLS (tls.pem,
                       tls.key, ca.pem), and for a node's services its sealing.key; FOLDER/nats is for the servers, and
                       FOLDER/trust has the authority alone. DIR then holds the key of the authority: keep it from all of them
  --owner UID          whose the files in these folders are to be

DIR/users.conf is for nats-server (include it, or start with -c), DIR/USER.nk for WITAN_NATS_NKEY_FILE of that service.
After a change: nats-server --signal reload, or SIGHUP.
`;

try {
  process.stdout.write(run(process.argv.slice(2)));
} catch (error) {
  const { code, detail, entry } = asWitanError(error);
  process.stderr.write(`${code}: ${detail}\n`);
  process.exitCode = entry.exit;
}

function run(args: string[]): string {
  const values = parse(args);
  if (values.help) return HELP;
  if (values.out === undefined) throw wrong('--out is missing: where to write');
  const given = {
    network: values.network,
    nodes: count('--nodes', values.nodes),
    gateways: count('--gateways', values.gateways),
    coordinators: count('--coordinators', values.coordinators),
  };
  const wanted = planFor(values.out, given, values.force === true);
  const users = new UsersDir(values.out, wanted);
  for (const each of values.renew ?? []) users.renew(each);
  // What is wrong is said before anything is written but the names.
  for (const each of values.name ?? []) {
    const [, node, name] = /^node-(\d{1,4})=(.*)$/.exec(each) ?? [];
    if (node === undefined) throw wrong(`--name ${each}: accepts node-N=NAME`);
    users.bind(Number(node), name!);
  }
  const known =
    values.deliver === undefined
      ? users.write()
      : deliver(users, { folder: values.deliver, owner: values.owner === undefined ? undefined : uid(values.owner) });
  rememberPlan(values.out, wanted);
  return known.map(({ name, nkey }) => `${name} ${nkey}\n`).join('');
}

function parse(args: string[]) {
  const text = { type: 'string' } as const;
  const several = { type: 'string', multiple: true } as const;
  try {
    return parseArgs({
      args,
      options: {
        out: text,
        network: text,
        nodes: text,
        gateways: text,
        coordinators: text,
        name: several,
        renew: several,
        deliver: text,
        owner: text,
        force: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw wrong((error as Error).message.split('\n')[0]!);
  }
}

function count(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw wrong(`${option} ${text}: accepts a whole number from 0 to 9999`);
}

function uid(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw wrong(`--owner ${text}: accepts the number of a user`);
}

function wrong(detail: string): WitanError {
  return new WitanError('WITAN_ERR_CONFIG', detail);
}
