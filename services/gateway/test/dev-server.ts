/**
 * The gateway with a made-up section behind it, for work on the explorer page and the clients:
 *
 *     node services/gateway/test/dev-server.ts --port 8090 --tick 400
 *
 * The page is read from disk at every request. `--tick` is the milliseconds of a step of the running session; with 0 it
 * stands still.
 */
import { parseArgs } from 'node:util';
import { buildApp } from '../src/app.ts';
import { FakeBackend } from './fake-backend.ts';

const { values } = parseArgs({
  options: { port: { type: 'string', default: '8090' }, tick: { type: 'string', default: '400' } },
});

const backend = new FakeBackend();
const app = await buildApp(backend, { version: '0.1.0', checkResponses: true });
const tick = Number(values.tick);
const ticking = tick > 0 ? setInterval(() => backend.tick(), tick) : undefined;
console.log(`explorer ${await app.listen({ host: '127.0.0.1', port: Number(values.port) })}/`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    clearInterval(ticking);
    void app.close();
  });
}
