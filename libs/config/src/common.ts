import { choice, duration, hex, path, portOrOff, secret, text, urls } from './settings.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The setting of the port for metrics and probes; each service has a default of its own, so that a node's two differ. */
export const metricsPort = (fallback: number | 'off') =>
  portOrOff({ default: fallback, help: 'Port of /metrics, /livez and /readyz' });

/** What every service understands. */
export const commonSettings = {
  network: text({
    default: 'local',
    pattern: /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/,
    accepts: '1 to 32 lower-case letters, digits and inner hyphens',
    help: 'Name of the network, a part of every subject on the bus',
  }),
  natsUrl: urls({
    default: ['nats://127.0.0.1:4222'],
    protocols: ['nats', 'tls', 'ws', 'wss'],
    help: 'NATS servers; after a lost connection the next one is tried',
  }),
  natsUser: text({ help: 'User at the NATS server' }),
  natsPassword: secret({ help: 'Password of that user' }),
  natsToken: secret({ help: 'Token for the NATS server, instead of user and password' }),
  natsNkey: secret({
    pattern: /^SU[A-Z2-7]{56}$/,
    accepts: 'the seed of an NKey user: SU and 56 more characters',
    help: 'Seed of the NKey by which the NATS servers know this process, instead of user, password and token',
  }),
  natsTlsCaFile: path({ help: 'Certificate authority (PEM) of the NATS servers' }),
  natsTlsCertFile: path({ help: 'Certificate (PEM) that this process shows to the NATS servers' }),
  natsTlsKeyFile: path({ help: 'Private key (PEM) of that certificate' }),
  tlsCheckMs: duration({
    default: 10_000,
    min: 100,
    max: 3_600_000,
    help: 'How often the files of certificates and keys are looked at; new ones are used without a restart',
  }),
  metricsTlsCertFile: path({ help: 'Certificate (PEM) of the metrics port, which then takes HTTPS and no HTTP' }),
  metricsTlsKeyFile: path({ help: 'Private key (PEM) of that certificate' }),
  metricsHost: text({ default: '127.0.0.1', help: 'Address that the metrics port listens on' }),
  metricsPort: metricsPort(9464),
  logLevel: choice(LOG_LEVELS, { default: 'info', help: 'The least severe level that is logged' }),
  logFormat: choice(['auto', 'json', 'pretty'], {
    default: 'auto',
    help: 'Form of the log; auto is pretty on a terminal and JSON elsewhere',
  }),
  stopTimeoutMs: duration({
    default: 10_000,
    min: 100,
    max: 600_000,
    help: 'How long a graceful stop may take before the process ends anyway',
  }),
};

/** What the two services of a node, adult and elder, understand besides. */
export const nodeSettings = {
  dataDir: path({ required: true, help: "The node's data: identity, journal, sealed secrets" }),
  genesis: choice(['create', 'join'], {
    default: 'join',
    help: 'create: this node makes the genesis key of a new network, once. join: it joins an existing one',
  }),
  genesisKey: hex({ digits: 96, help: 'Genesis key of the network that the node may join; any other is refused' }),
  sealingKey: secret({
    digits: 64,
    help: 'Key that encrypts the secrets on disk. Without it, a file sealing.key in the data directory is made and used',
  }),
  sealingCommand: text({
    help: 'Program, with arguments, that wraps and unwraps that key with one of a key management service; instead of a key',
  }),
  sealingCommandTimeoutMs: duration({
    default: 10_000,
    min: 100,
    max: 600_000,
    help: 'How long that program may take',
  }),
};
