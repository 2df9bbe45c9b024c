import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type Disturbance, Link } from '../breakable/link.ts';

const SESSION = 'witan.n.section.root.dkg.ab12';
const REPORTS = 'witan.n.section.root.reports';
const ASKED_OF_SESSION = 'witan.n.node.ab12.elder.ae.dkg';
const ASKED_OF_SECTION = 'witan.n.node.ab12.elder.ae.section';

/** What arrives of these, said one after the other through a link that is disturbed so, before the last word. */
async function heardOf(subjects: readonly string[], how: Disturbance): Promise<readonly string[]> {
  let heard = '';
  const arrived = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      heard += chunk;
      if (heard.includes('PING')) arrived.resolve();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const link = await Link.open(() => (server.address() as AddressInfo).port);
  const client = connect(Number(new URL(link.url).port), '127.0.0.1');
  onTestFinished(async () => {
    client.destroy();
    await link.close();
    server.close();
  });
  link.disturb(how, () => 0.5);
  client.write(`${subjects.map((subject) => `PUB ${subject} 0\r\n\r\n`).join('')}PING\r\n`);
  await arrived.promise;
  return [...heard.matchAll(/PUB (\S+) /g)].map(([, subject]) => subject!);
}

test('of what a service says a share is lost, of all or of what it says in sessions alone', async () => {
  const all = [SESSION, ASKED_OF_SESSION, REPORTS, ASKED_OF_SECTION];
  expect(await heardOf(all, { lost: 0.6, lateMs: 0, of: 'sessions' })).toEqual([REPORTS, ASKED_OF_SECTION]);
  expect(await heardOf(all, { lost: 0.6, lateMs: 0 })).toEqual([]);
});

test('what is late comes after what is said later', async () => {
  expect(await heardOf([SESSION, REPORTS], { lost: 0, lateMs: 60_000, of: 'sessions' })).toEqual([REPORTS]);
});
