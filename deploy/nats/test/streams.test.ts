import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectNats, startNatsServer } from '@witan/bus';
import { expect, onTestFinished, test } from 'vitest';
import { UsersDir } from '../src/index.ts';

const MAIN = 'witan.main.x';
const DELETE = '$JS.API.STREAM.DELETE.said';
/** Who may say something, hear it, and answer wherever it is asked to: a user of another application, say. */
const THIEF = `{ user: thief, password: thief, permissions: {
  publish: ["${MAIN}"], subscribe: ["${MAIN}"], allow_responses: { max: 2, expires: "1m" } } }`;

/** Says something to itself, to be answered at where JetStream takes orders, and answers. */
async function orderByAnswer(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  const send = (...lines: string[]) => socket.write(lines.map((line) => `${line}\r\n`).join(''));
  const publish = (subject: string, reply = '') => send(`PUB ${subject} ${reply} 0`, '');
  const ended = Promise.withResolvers<void>();
  let heard = '';
  socket.on('error', ended.reject).on('data', (chunk) => {
    heard += chunk;
    if (heard.includes('\r\nMSG ') && !heard.includes('answered')) {
      heard += 'answered';
      publish(DELETE);
      send('PING');
    }
    if (heard.includes('PONG')) ended.resolve();
  });
  send('CONNECT {"user":"thief","pass":"thief","verbose":false}', `SUB ${MAIN} 1`);
  publish(MAIN, DELETE);
  await ended.promise;
}

test.each([
  ['of their own is told nothing by the answers of others', (config: string) => config, true],
  [
    'that services share would be',
    (config: string) => config.replace(THIEF, '').replace(/(jetstream: enabled\s+users = \[)/, `$1 ${THIEF}`),
    false,
  ],
])('an account for streams %s', async (_, change, stays) => {
  const folder = mkdtempSync(join(tmpdir(), 'witan-streams-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const users = new UsersDir(folder, { network: 'main', nodes: 1, gateways: 1, coordinators: 1 }, [THIEF]);
  users.write();
  writeFileSync(users.configFile, change(readFileSync(users.configFile, 'utf8')));
  const config = join(folder, 'nats.conf');
  writeFileSync(
    config,
    `listen: 127.0.0.1:-1\njetstream { store_dir: ${JSON.stringify(join(folder, 'store'))} }\ninclude 'users.conf'\n`,
  );
  const server = await startNatsServer({ config });
  onTestFinished(() => server.stop());
  const nkeySeed = readFileSync(users.seedFile('streams'), 'utf8').trim();
  const keeper = await connectNats({ servers: server.url, name: 'keeper', nkeySeed });
  onTestFinished(() => keeper.drain());
  const ask = async (verb: string, body: object): Promise<Record<string, unknown>> => {
    const answer = await keeper.request(`$JS.API.STREAM.${verb}`, Buffer.from(JSON.stringify(body)), {
      timeoutMs: 10_000,
    });
    return JSON.parse(Buffer.from(answer).toString());
  };
  expect(await ask('CREATE.said', { name: 'said', subjects: ['witan.main.>'] })).not.toHaveProperty('error');
  await orderByAnswer(server.url);
  const { state, error } = await ask('INFO.said', {});
  if (stays) expect(state).toMatchObject({ messages: 1 });
  else expect(error).toMatchObject({ code: 404 });
});
