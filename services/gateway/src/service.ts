import type { Server } from 'node:https';
import { ROUTE_NAMES, ROUTES, routerPath } from '@witan/api';
import { commonSettings, hex, integer, metricsPort, path, port, text } from '@witan/config';
import { fromHex, Identity, secureRandom } from '@witan/crypto';
import { busTransport, sectionNumbers } from '@witan/elder';
import {
  actorObserver,
  attestationMetrics,
  httpObserver,
  rejectionMetrics,
  rejectionReason,
  watchSection,
} from '@witan/observability';
import { systemClock } from '@witan/runtime';
import { listenError, runService, ServerTls, tlsPaths } from '@witan/service';
import { watchFollower } from '@witan/watch';
import { ApiKeys } from './api-keys.ts';
import { buildApp } from './app.ts';
import { LiveBackend } from './backend-live/live-backend.ts';
import { fastifyLogger } from './logger.ts';
import { trustedProxies } from './trusted-proxies.ts';

const PREFIX = '';
const VERSION = '0.1.0';

await runService({
  name: 'gateway',
  version: VERSION,
  description: 'REST gateway and explorer; verifies all that it passes on and can forge nothing',
  settings: {
    ...commonSettings,
    genesisKey: hex({ digits: 96, help: 'Genesis key of the network that is shown; any other is refused' }),
    httpHost: text({ default: '127.0.0.1', help: 'Address that the API listens on' }),
    httpPort: port({ default: 8080, help: 'Port of the API, its documentation and the explorer' }),
    httpTlsCertFile: path({ help: 'Certificate (PEM) of the API, which then takes HTTPS and no HTTP' }),
    httpTlsKeyFile: path({ help: 'Private key (PEM) of that certificate' }),
    apiKeysFile: path({
      help: 'Who may have things signed: a line for each API key, its name and the SHA-256 of the key in hex. Without it anybody may',
    }),
    rateLimit: integer({ default: 600, min: 1, max: 1_000_000, help: 'Requests of one client address in a minute' }),
    trustProxy: trustedProxies({
      help: 'Behind which proxies it stands, whose X-Forwarded-For then tells who a client is, for the rate limit',
    }),
    metricsPort: metricsPort(9467),
  },
  start: async ({ config, log, meter, connectBus }) => {
    // A gateway is nobody: its key only lets elders tell its questions from those of others.
    const identity = Identity.fromSeed(secureRandom(32));
    const paths = tlsPaths({ certFile: config.httpTlsCertFile, keyFile: config.httpTlsKeyFile });
    const tls = paths && new ServerTls({ paths, everyMs: config.tlsCheckMs, log, port: 'API' });
    const apiKeys = config.apiKeysFile === undefined ? undefined : new ApiKeys(config.apiKeysFile, log);
    const bus = await connectBus();
    const { rejected } = rejectionMetrics(meter);
    const attested = attestationMetrics(meter);
    const backend = new LiveBackend({
      network: config.network,
      prefix: PREFIX,
      genesisKey: config.genesisKey === undefined ? undefined : fromHex(config.genesisKey),
      identity,
      transport: busTransport({
        bus,
        network: config.network,
        prefix: PREFIX,
        name: identity.name,
        service: 'gateway',
      }),
      clock: systemClock,
      wallClock: Date.now,
      connected: () => bus.status === 'connected',
      onReport: watchFollower(meter, log),
      onRejected: (channel, error) => {
        rejected.inc({ channel: channel === 'replies' ? 'reply' : 'events', reason: rejectionReason(error.code) });
        log.debug({ event: 'rejected', channel, err: error }, 'message not taken');
      },
      onAttested: (result, durationMs) => {
        attested.attestations.inc({ result });
        if (result === 'signed') attested.duration.observe(durationMs / 1000);
      },
      actor: actorObserver(meter, ['section']),
    });
    watchSection(meter, () => sectionNumbers(backend.state, systemClock.now()));
    backend.start();
    const app = await buildApp(backend, {
      version: VERSION,
      logger: fastifyLogger(log),
      observer: httpObserver(
        meter,
        ROUTE_NAMES.map((name) => routerPath(ROUTES[name].path)),
      ),
      rateLimit: { max: config.rateLimit, windowMs: 60_000 },
      trustedProxies: config.trustProxy,
      tls: tls?.material,
      apiKeys,
    });
    const endFollowing = tls?.follow(app.server as unknown as Server);
    const { httpHost: host, httpPort } = config;
    const url = await app.listen({ host, port: httpPort }).catch((error: unknown) => {
      throw listenError(error, { host, port: httpPort, settings: 'WITAN_HTTP' });
    });
    return {
      ready: () => backend.checks(),
      stop: async () => {
        endFollowing?.();
        apiKeys?.close();
        await app.close();
        backend.stop();
      },
      info: { url },
    };
  },
});
