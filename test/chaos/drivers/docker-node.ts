import { fileURLToPath } from 'node:url';
import type { GenericContainer } from 'testcontainers';
import { NODE_COMMAND } from '../../support/hosts.ts';

const LINE_PORT = 4333;
const FOLDER = '/chaos';
/** In the container of a node: what is done to its line to NATS (`LineState`), and how far its clock is off, ms. */
export const LINE_FILE = '/tmp/line.json';
export const CLOCK_FILE = '/tmp/clock';

const FILES = ['clock.mjs', 'link.ts', 'nats-frames.ts', 'line.ts'].map((name) => ({
  source: fileURLToPath(new URL(`../../breakable/${name}`, import.meta.url)),
  target: `${FOLDER}/${name}`,
}));

/** A node whose line to NATS and whose clock can be broken from without, by files. */
export function breakable(container: GenericContainer, servers: readonly string[]): GenericContainer {
  const line = `node ${FOLDER}/line.ts ${LINE_FILE} ${LINE_PORT} ${servers.join(' ')}`;
  return container
    .withCopyFilesToContainer(FILES)
    .withCopyContentToContainer([{ content: '{"type":"module"}', target: `${FOLDER}/package.json` }])
    .withEnvironment({
      WITAN_NATS_URL: `nats://127.0.0.1:${LINE_PORT}`,
      NODE_OPTIONS: `--import=${FOLDER}/clock.mjs`,
      WITAN_CHAOS_CLOCK_FILE: CLOCK_FILE,
    })
    .withEntrypoint(['sh', '-c', `${line} & ${NODE_COMMAND}`]);
}
