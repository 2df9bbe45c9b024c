import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { Connections } from '../src/index.ts';

async function start(most: number) {
  const waiting: ServerResponse[] = [];
  const server = createServer((_, response) => void waiting.push(response));
  const connections = new Connections(server, most);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });

  const open = async () => {
    const socket: Socket = connect(port, '127.0.0.1').on('error', () => {});
    onTestFinished(() => void socket.destroy());
    const closed = once(socket, 'close');
    await once(socket, 'connect');
    // Its other end may be a turn later.
    await new Promise((resolve) => setImmediate(resolve));
    return { socket, closed };
  };
  /** Asks, and waits until the question has arrived. */
  const asking = async () => {
    const opened = await open();
    const before = waiting.length;
    const asked = once(server, 'request');
    opened.socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await asked;
    return { ...opened, answer: () => waiting[before]!.end('answer') };
  };
  const count = () => new Promise<number>((resolve) => server.getConnections((_, number) => resolve(number)));
  return { server, connections, open, asking, count };
}

test('the connection that has asked for nothing for longest gives way', async () => {
  const { open, asking, count } = await start(3);
  const [first, second] = [await open(), await open()];
  const third = await asking();
  const fourth = await asking();
  await first.closed;
  const fifth = await asking();
  await second.closed;
  expect(await count()).toBe(3);
  for (const { socket, answer } of [third, fourth, fifth]) {
    answer();
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    expect(bytes.toString()).toContain('200 OK');
  }
});

test('where all wait for an answer the new one ends, until one has been answered', async () => {
  const { open, asking } = await start(2);
  const [first, second] = [await asking(), await asking()];
  const third = await open();
  await third.closed;
  first.answer();
  await once(first.socket, 'data');
  const fourth = await asking();
  await first.closed;
  fourth.answer();
  second.answer();
  await Promise.all([once(second.socket, 'data'), once(fourth.socket, 'data')]);
});

test('only those that never asked are ended when a server is about to close', async () => {
  const { server, connections, open, asking } = await start(8);
  const [silent, busy, kept] = [await open(), await asking(), await asking()];
  kept.answer();
  await once(kept.socket, 'data');
  connections.endSilent();
  await silent.closed;
  const asked = once(server, 'request');
  kept.socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await asked;
  busy.answer();
  await once(busy.socket, 'data');
});
