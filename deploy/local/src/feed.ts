import { setTimeout as wait } from 'node:timers/promises';
import { type Client, createClient, isPassing, type Section, type Session, type WitanEvent } from '@witan/api';
import { coalesce } from '@witan/cli';
import { WitanError } from '@witan/errors';

/** What the gateway says of the section, as of one moment. */
export interface Picture {
  readonly section: Section | undefined;
  readonly session: Session | undefined;
}

export interface FeedOptions {
  readonly url: string;
  readonly signal: AbortSignal;
  readonly onPicture: (picture: Picture) => void;
  readonly onEvent: (event: WitanEvent) => void;
}

/** Events come in bursts: one look at the state is enough for all within this time. */
const LOOK_PAUSE_MS = 60;
/** Not everything that changes is an event: shares become usable, nodes are heard of. */
const LOOK_EVERY_MS = 500;
const RETRY_MS = 200;

/**
 * Follows the gateway until the signal, through its restarts, and through times in which others ask it so much that it
 * refuses (429): requests of this machine are of one address. Rejects with what cannot pass: a defect.
 */
export async function follow({ url, signal: asked, onPicture, onEvent }: FeedOptions): Promise<void> {
  const client = createClient(url, { timeoutMs: 5_000 });
  const broken = new AbortController();
  const signal = AbortSignal.any([asked, broken.signal]);
  const look = coalesce(async () => {
    const picture = await pictureOf(client, signal);
    if (picture && !signal.aborted) onPicture(picture);
  }, LOOK_PAUSE_MS);
  const looking = setInterval(() => {
    try {
      look.request();
    } catch (error) {
      broken.abort(error);
    }
  }, LOOK_EVERY_MS);
  look.request();
  try {
    while (!signal.aborted) {
      try {
        for await (const event of client.events({ signal })) {
          onEvent(event);
          look.request();
        }
      } catch (error) {
        if (!isPassing(error)) throw error;
        await wait(RETRY_MS, undefined, { signal }).catch(() => {});
      }
    }
    broken.signal.throwIfAborted();
  } finally {
    clearInterval(looking);
  }
}

/** Nothing while the gateway starts or stops. */
async function pictureOf(client: Client, signal: AbortSignal): Promise<Picture | undefined> {
  try {
    const [section, { sessions }] = await Promise.all([
      client.section({ prefix: 'root' }, { signal }).catch((error: unknown) => {
        if (error instanceof WitanError && error.code === 'WITAN_ERR_NOT_FOUND') return undefined;
        throw error;
      }),
      client.sessions({ limit: 1 }, { signal }),
    ]);
    return { section, session: sessions[0] };
  } catch (error) {
    if (signal.aborted || isPassing(error)) return undefined;
    throw error;
  }
}
