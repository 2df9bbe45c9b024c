import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { listen } from './harness.ts';

test.each([
  ['asks for nothing', ''],
  ['has asked and waits', 'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n'],
])('a client that holds a connection and %s does not keep the gateway from stopping', async (_, says) => {
  const { app, port } = await listen({});
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  if (says !== '') {
    socket.write(says);
    expect(String((await once(socket, 'data'))[0])).toContain('200 OK');
  }
  const closed = once(socket, 'close');
  socket.resume();
  await app.close();
  await closed;
});
