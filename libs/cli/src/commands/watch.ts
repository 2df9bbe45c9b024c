import { type Client, isOver, isPassing, type Session, type WitanEvent } from '@witan/api';
import { CODES } from '@witan/errors';
import { connect } from '../gateway.ts';
import { type Io, print } from '../io.ts';
import type { GlobalOptions } from '../program.ts';
import { coalesce } from '../terminal/coalesce.ts';
import { eventLine } from '../terminal/event-line.ts';
import { LiveArea } from '../terminal/live-area.ts';
import { sessionLines } from '../terminal/session-lines.ts';
import { findSession } from './dkg.ts';

/** At most so often is a session fetched and drawn again: events come in bursts. */
const REDRAW_MS = 80;
const LOOK_EVERY_MS = 1_000;

/** Of one session until it ends, of all until Ctrl-C. */
export async function watch(io: Io, given: string | undefined, options: GlobalOptions): Promise<number> {
  const client = await connect(io, options);
  const wanted = given === undefined ? undefined : await findSession(client, given);
  if (wanted !== undefined && isOver(wanted)) {
    print(io, options.json ? JSON.stringify(wanted) : sessionLines(wanted, io.style, io.output.columns ?? 80));
    return endCode(wanted);
  }
  return io.terminal && !options.json
    ? watchLive(io, client, wanted?.id)
    : watchLines(io, client, wanted?.id, options.json === true);
}

async function watchLines(io: Io, client: Client, id: string | undefined, json: boolean): Promise<number> {
  for await (const event of eventsOf(io, client, id)) {
    const line = json ? JSON.stringify(event) : eventLine(event, io.style);
    if (line !== undefined) print(io, json ? line : `${event.at.slice(11, 23)}  ${line}`);
  }
  return id === undefined ? 0 : endCode(await client.session({ id }));
}

async function watchLive(io: Io, client: Client, id: string | undefined): Promise<number> {
  const area = new LiveArea(io.output as NodeJS.WriteStream);
  let shown: Session | undefined;
  const redraw = async (): Promise<void> => {
    const session = id === undefined ? (await client.sessions({ limit: 1 })).sessions[0] : await client.session({ id });
    // The end of one session stays in sight above the next one.
    if (shown !== undefined && session !== undefined && session.id !== shown.id) area.done();
    shown = session;
    area.draw(
      session === undefined ? ['no DKG session yet'] : sessionLines(session, io.style, io.output.columns ?? 80),
    );
  };
  try {
    await redraw();
    const draw = coalesce(() => redraw().catch(unlessPassing), REDRAW_MS);
    for await (const _ of eventsOf(io, client, id)) draw.request();
    await draw.finish();
    await redraw();
    return id === undefined || shown === undefined ? 0 : endCode(shown);
  } finally {
    area.done();
  }
}

/** The stream comes back by itself when a gateway does, and with it the next drawing. */
function unlessPassing(error: unknown): void {
  if (!isPassing(error)) throw error;
}

/** Of all sessions until Ctrl-C, or of one to its end. */
async function* eventsOf(io: Io, client: Client, id: string | undefined): AsyncGenerator<WitanEvent> {
  const ended = new AbortController();
  // Its last event may have come before the stream stood, or while it was interrupted: the session is asked as well.
  const look = (session: string): void => {
    const notice = (now: Session): void => void (isOver(now) && ended.abort());
    client.session({ id: session }).then(notice, () => {});
  };
  const looking = id === undefined ? undefined : setInterval(look, LOOK_EVERY_MS, id);
  try {
    for await (const event of client.events({ signal: AbortSignal.any([io.signal, ended.signal]) })) {
      if (!concerns(event, id)) continue;
      yield event;
      if (id !== undefined && isEnd(event)) return;
    }
  } finally {
    clearInterval(looking);
  }
}

function concerns(event: WitanEvent, id: string | undefined): boolean {
  if (!event.type.startsWith('dkg.')) return id === undefined;
  return id === undefined || ('session' in event.data && event.data.session === id);
}

function isEnd(event: WitanEvent): boolean {
  return event.type === 'dkg.done' || event.type === 'dkg.failed';
}

function endCode(session: Session): number {
  return session.state === 'done' ? 0 : CODES.WITAN_ERR_NO_QUORUM.exit;
}
