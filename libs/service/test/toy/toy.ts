/** A small service, run as a process of its own by the tests. `TOY_…` variables make it misbehave. */
import { MemoryHub } from '@witan/bus';
import { commonSettings, metricsPort, secret } from '@witan/config';
import { WitanError } from '@witan/errors';
import { counter, sessionTrace } from '@witan/observability';
import { runService } from '../../src/index.ts';

const { env } = process;

/** Something for the traces. */
function endedSession(): void {
  const at = Date.now();
  sessionTrace({ session: 'ab'.repeat(32), prefix: 'root', startedAtMs: at }).end('done', at);
}

await runService({
  name: 'toy',
  version: '1.2.3',
  description: 'A service for tests',
  settings: { ...commonSettings, metricsPort: metricsPort(0), toyKey: secret({ digits: 8, help: 'A secret' }) },
  ...(env.TOY_NATS ? {} : { connect: async () => new MemoryHub().connect('toy') }),
  start: async (context) => {
    const { log, meter, signal } = context;
    if (env.TOY_START_ERROR === 'coded') throw new WitanError('WITAN_ERR_LOCKED', '/data is in use by process 42');
    if (env.TOY_START_ERROR === 'defect') throw new TypeError('x is not a function');
    const bus = await context.connectBus({ node: 'ab'.repeat(32) });
    log.bind({ node: 'ab'.repeat(32) });
    log.info({ config: context.config }, 'starting');
    if (env.TOY_START === 'slow') {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    }
    const stops = meter.counter(counter({ name: 'witan_toy_events_total', help: 'Events of the toy' }));
    stops.inc(3);
    let healthy = true;
    process.on('message', (message) => {
      if (message === 'sicken') healthy = false;
      else if (message === 'fail') context.fail(new WitanError('WITAN_ERR_STORE', 'EIO'));
      else if (message === 'throw')
        setImmediate(() => {
          throw new RangeError('thrown outside of everything');
        });
      else if (message === 'reject') void Promise.reject(new RangeError('rejected and not awaited'));
      else if (message === 'span') endedSession();
      process.send?.({ type: 'ack', message });
    });
    const work = setInterval(() => {}, 1000);
    return {
      info: { address: 'nowhere' },
      ready: () => {
        if (env.TOY_READY === 'throws') throw new WitanError('WITAN_ERR_TIMEOUT', 'x');
        return [healthy ? { name: 'share', ok: true } : { name: 'share', ok: false, detail: 'no usable share' }];
      },
      stop: async () => {
        clearInterval(work);
        log.info({ bus: bus.status, aborted: signal.aborted }, 'toy stops');
        if (env.TOY_STOP === 'hangs') await new Promise(() => {});
        if (env.TOY_STOP === 'throws') throw new Error('cannot stop');
      },
    };
  },
});
