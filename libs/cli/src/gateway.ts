import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@witan/api';
import { WitanError } from '@witan/errors';
import type { Io } from './io.ts';

const DEFAULT_URL = 'http://127.0.0.1:8080';

/** Where the gateway is: `--url`, `WITAN_URL`, the cluster that `npm start` started in this folder, the default port. */
export function gatewayUrl(io: Pick<Io, 'env' | 'cwd'>, given: string | undefined): string {
  return given ?? (io.env.WITAN_URL || localCluster(io.cwd) || DEFAULT_URL);
}

/** A client that shows the API key of `WITAN_API_KEY`, if there is one. Loaded only when a command needs one: offline commands start faster without. */
export async function connect(io: Io, options: { url?: string; timeout?: number }): Promise<Client> {
  const url = gatewayUrl(io, options.url);
  const { createClient } = await import('@witan/api');
  const { WITAN_API_KEY: key } = io.env;
  return createClient(url, {
    signal: io.signal,
    ...(key && { headers: { authorization: `Bearer ${key}` } }),
    ...(options.timeout !== undefined && { timeoutMs: Math.max(1, Math.ceil(options.timeout * 1000)) }),
  });
}

/** What comes in pages, as one list. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

function localCluster(cwd: string): string | undefined {
  const file = join(cwd, '.witan', 'cluster.json');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  try {
    const { url } = JSON.parse(text) as { url?: unknown };
    if (typeof url === 'string') return url;
  } catch {
    // Told below, like any other content that is not what the launcher writes.
  }
  throw new WitanError('WITAN_ERR_CONFIG', `${file} does not name a gateway; give --url`);
}
