import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection, nkeyAuthenticator, PermissionViolationError } from '@nats-io/transport-node';
import { inboxOf, type NatsServer, permissionsOf, ROLES, type Role, startNatsServer } from '@witan/bus';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type BusUser, UsersDir } from '../src/index.ts';

const NETWORK = 'main';
const NAME = 'ab'.repeat(32);
const USER: Readonly<Record<Role, string>> = {
  gateway: 'gateway-0',
  elder: 'node-0-elder',
  adult: 'node-0-adult',
  'dkg-coordinator': 'dkg-coordinator-0',
};

let folder: string;
let server: NatsServer;
let users: readonly BusUser[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'witan-answers-'));
  const directory = new UsersDir(folder, { network: NETWORK, nodes: 1, gateways: 1, coordinators: 1 });
  users = directory.write();
  const config = join(folder, 'nats.conf');
  writeFileSync(config, "listen: 127.0.0.1:-1\ninclude 'users.conf'\n");
  server = await startNatsServer({ config });
});

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const nkeyOf = (user: string): string => users.find(({ name }) => name === user)!.nkey;

/** Of the role's subjects, each as one that can be published to. */
function saysOf(role: Role): string[] {
  const inbox = inboxOf(nkeyOf(USER[role]));
  const operators = [inboxOf(nkeyOf('operator'))];
  const { publish } = permissionsOf(role, { network: NETWORK, prefix: '', inbox, operators });
  return publish.map((subject) => subject.replace('*', NAME).replace(/>$/, 'x'));
}

interface Intruder {
  readonly connection: NatsConnection;
  /** Subjects that it was told it may not publish to. */
  readonly refused: Set<string>;
}

async function intrude(user: string): Promise<Intruder> {
  const seed = readFileSync(join(folder, `${user}.nk`));
  const connection = await connect({
    servers: server.url,
    authenticator: nkeyAuthenticator(new TextEncoder().encode(seed.toString().trim())),
    inboxPrefix: inboxOf(nkeyOf(user)),
  });
  onTestFinished(() => connection.close());
  const refused = new Set<string>();
  void (async () => {
    for await (const status of connection.status()) {
      if (status.type !== 'error' || !(status.error instanceof PermissionViolationError)) continue;
      if (status.error.operation === 'publish') refused.add(status.error.subject);
    }
  })();
  return { connection, refused };
}

test.for(ROLES)(
  'who has the user of a service cannot ask itself, and answer where it may not say things: %s',
  async (role) => {
    const { connection, refused } = await intrude(USER[role]);
    const own = saysOf(role);
    const others = [...ROLES.flatMap(saysOf), `${inboxOf(nkeyOf('gateway-0'))}.x`, '$SRV.PING', '$JS.API.INFO'];
    const targets = [...new Set(others)].filter((subject) => !own.includes(subject) && !isAnswerOf(role, subject));
    expect(targets.length).toBeGreaterThan(3);

    // What it says it hears itself, with the target as where the answer goes.
    let heard = 0;
    for (const subject of own) {
      connection.subscribe(subject, { callback: (error) => void (error === null && heard++) });
      for (const target of targets) connection.publish(subject, '', { reply: target });
    }
    await connection.flush();
    expect(heard > 0).toBe(role !== 'gateway');
    for (const target of targets) connection.publish(target, '');
    await connection.flush();
    await new Promise((resolve) => setImmediate(resolve));
    expect([...refused].sort()).toEqual(targets.sort());
  },
);

/** An elder answers all the others, whose inboxes only they know who are asked; the others answer operators. */
const isAnswerOf = (role: Role, subject: string): boolean => role === 'elder' && subject.startsWith('_INBOX.');
