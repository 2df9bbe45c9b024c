import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { errors } from '@nats-io/nats-core';
import { expect, onTestFinished, test, vi } from 'vitest';
import { connectNats } from '../src/nats-connect.ts';
import { connectFailure } from '../src/nats-failures.ts';

/** A server that greets, and that leaves in the middle of its next greetings as often as it is told. */
async function greeter() {
  const open = new Set<Socket>();
  let leaving = 0;
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    const { port } = server.address() as AddressInfo;
    const info = { server_id: 'X', version: '2.9.10', proto: 1, host: '127.0.0.1', port, headers: true };
    socket.write(`INFO ${JSON.stringify({ ...info, max_payload: 1_048_576 })}\r\n`);
    socket.on('data', (data) => {
      const text = String(data);
      if (text.includes('CONNECT') && leaving-- > 0) socket.destroy();
      else if (text.includes('PING')) socket.write('PONG\r\n');
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return {
    url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`,
    leave: (times: number) => {
      leaving = times;
      for (const socket of open) socket.destroy();
    },
  };
}

test('a server that leaves while it greets is tried again at once, and not when the time for it has run out', async () => {
  const server = await greeter();
  const bus = await connectNats({ servers: server.url, name: 'test', retryMs: 50 });
  onTestFinished(() => bus.drain());
  for (const times of [1, 2]) {
    server.leave(times);
    await vi.waitFor(() => expect(bus.status).toBe('disconnected'), { timeout: 3_000, interval: 1 });
    // The library's own time for it is 5 s.
    await vi.waitFor(() => expect(bus.status).toBe('connected'), { timeout: 3_000, interval: 10 });
  }
});

test('a clock that is set back keeps nobody from trying again', async () => {
  const servers = [await greeter(), await greeter()];
  const bus = await connectNats({ servers: servers.map(({ url }) => url), name: 'test', retryMs: 50 });
  onTestFinished(() => bus.drain());
  const lose = async () => {
    for (const server of servers) server.leave(1);
    await vi.waitFor(() => expect(bus.status).toBe('disconnected'), { timeout: 3_000, interval: 1 });
    await vi.waitFor(() => expect(bus.status).toBe('connected'), { timeout: 3_000, interval: 10 });
  };
  const real = Date.now.bind(Date);
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => real() + 3_600_000);
  onTestFinished(() => clock.mockRestore());
  await lose();
  clock.mockImplementation(real);
  await lose();
});

test('a server that has waited in vain for who this is has not refused its user', () => {
  const failure = (message: string) =>
    connectFailure(new errors.AuthorizationError(message), { servers: 'x', name: 'test' }).code;
  expect(failure("'Authentication Timeout'")).toBe('WITAN_ERR_UNAVAILABLE');
  expect(failure("'Authorization Violation'")).toBe('WITAN_ERR_FORBIDDEN');
});
