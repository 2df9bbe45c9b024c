import { readFileSync } from 'node:fs';
import { docker } from './docker.ts';

/** What somebody does on the bus with the secrets of a container. */
export interface Attempt {
  /** Subjects. */
  readonly say?: readonly string[];
  readonly hear?: readonly string[];
  /** What is left out of what NATS is shown. */
  readonly without?: 'user' | 'certificate';
  /** Of a user, instead of the container's own. */
  readonly seed?: string;
}

export interface Outcome {
  /** The code of why it was not let in. */
  readonly refused?: string;
  /** What NATS did not permit: `publish witan.…`. */
  readonly forbidden: readonly string[];
}

const SCRIPT = new URL('./in-container/attempt.ts', import.meta.url);

/** Does it from within the container, as whoever has got into it. */
export async function attemptFrom(container: string, attempt: Attempt): Promise<Outcome> {
  const node = ['node', '--input-type=module-typescript', '--eval', readFileSync(SCRIPT, 'utf8')];
  return JSON.parse(await docker('exec', '--workdir=/app', container, ...node, JSON.stringify(attempt))) as Outcome;
}
