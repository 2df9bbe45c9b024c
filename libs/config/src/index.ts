export { commonSettings, LOG_LEVELS, type LogLevel, metricsPort, nodeSettings } from './common.ts';
export { describeConfig, describeUsage } from './describe.ts';
export { type Loaded, type LoadOptions, loadConfig } from './load.ts';
export { ELDER_NODE_FLAGS, NODE_ENV, NODE_FLAGS } from './node-flags.ts';
export { loadSealingKey, type SealingKey } from './sealing-key.ts';
export { Secret } from './secret.ts';
export {
  type ConfigOf,
  choice,
  duration,
  flag,
  hex,
  integer,
  path,
  port,
  portOrOff,
  type Setting,
  type Settings,
  secret,
  text,
  urls,
} from './settings.ts';
