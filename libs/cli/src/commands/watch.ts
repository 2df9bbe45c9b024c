import { type Client, isOver, isPassing, type Session, type WitanEvent } from '@witan/api';
import { CODES, errorCode, isWitanError } from '@witan/errors';
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

/** What ended a session: the event that says so, or the session as it was found to be over. */
type End = Session | EndEvent;
type EndEvent = Extract<WitanEvent, { type: 'dkg.done' | 'dkg.failed' }>;

/** Of one session until it ends, of all until Ctrl-C. */
export async function watch(io: Io, given: string | undefined, options: GlobalOptions): Promise<number> {
  const client = await connect(io, options);
  const wanted = given === undefined ? undefined : await findSession(client, given);
  if (wanted !== undefined && isOver(wanted)) {
    print(io, options.json ? JSON.stringify(wanted) : sessionLines(wanted, io.style, io.output.columns ?? 80));
    return endCode(wanted);
  }
  return io.terminal && !options.json
    ? watchLive(io, client, wanted)
    : watchLines(io, client, wanted?.id, options.json === true);
}

async function watchLines(io: Io, client: Client, id: string | undefined, json: boolean): Promise<number> {
  const end = await follow(io, client, id, (event) => {
    const line = json ? JSON.stringify(event) : eventLine(event, io.style);
    if (line !== undefined) print(io, json ? line : `${event.at.slice(11, 23)}  ${line}`);
  });
  return end === undefined ? 0 : endCode(end);
}

async function watchLive(io: Io, client: Client, wanted: Session | undefined): Promise<number> {
  const area = new LiveArea(io.output as NodeJS.WriteStream);
  let shown: Session | undefined;
  const show = (session: Session | undefined, ...more: string[]): void => {
    // The end of one session stays in sight above the next one.
    if (shown !== undefined && session !== undefined && session.id !== shown.id) area.done();
    shown = session;
    const lines =
      session === undefined ? ['no DKG session yet'] : sessionLines(session, io.style, io.output.columns ?? 80);
    area.draw([...lines, ...more]);
  };
  const redraw = async (): Promise<void> => {
    if (wanted === undefined) show((await client.sessions({ limit: 1 })).sessions[0]);
    else show(await client.session({ id: wanted.id }));
  };
  try {
    if (wanted === undefined) await redraw();
    else show(wanted);
    const draw = coalesce(() => redraw().catch(unlessPassing), REDRAW_MS);
    const end = await follow(io, client, wanted?.id, () => draw.request());
    if (end === undefined) {
      await draw.finish();
      return 0;
    }
    await draw.finish().then(redraw).catch(unlessRefused);
    if (shown === undefined || !isOver(shown)) {
      if ('state' in end) show(end);
      else show(shown, `  ${eventLine(end, io.style)}`);
    }
    return endCode(end);
  } finally {
    area.done();
  }
}

/** The stream comes back by itself when a gateway does, and another may not have heard of the session yet: so does the next drawing. */
function unlessPassing(error: unknown): void {
  if (!isPassing(error) && errorCode(error) !== 'WITAN_ERR_NOT_FOUND') throw error;
}

/** Of the drawing after the end, which is known: whoever is asked for it need not be who told of that. */
function unlessRefused(error: unknown): void {
  if (!isWitanError(error)) throw error;
}

/** Tells the events of all sessions until Ctrl-C, or of one to its end: gives what ended it, nothing when it was interrupted. */
async function follow(
  io: Io,
  client: Client,
  id: string | undefined,
  tell: (event: WitanEvent) => void,
): Promise<End | undefined> {
  const ended = new AbortController();
  let found: Session | undefined;
  // Its last event may have come before the stream stood, or while it was interrupted: the session is asked as well.
  const look = (session: string): void => {
    const notice = (now: Session): void => {
      if (!isOver(now)) return;
      found = now;
      ended.abort();
    };
    client.session({ id: session }).then(notice, () => {});
  };
  const looking = id === undefined ? undefined : setInterval(look, LOOK_EVERY_MS, id);
  try {
    for await (const event of client.events({ signal: AbortSignal.any([io.signal, ended.signal]) })) {
      if (!concerns(event, id)) continue;
      tell(event);
      if (id !== undefined && isEnd(event)) return event;
    }
    return found;
  } finally {
    clearInterval(looking);
  }
}

function concerns(event: WitanEvent, id: string | undefined): boolean {
  if (!event.type.startsWith('dkg.')) return id === undefined;
  return id === undefined || ('session' in event.data && event.data.session === id);
}

function isEnd(event: WitanEvent): event is EndEvent {
  return event.type === 'dkg.done' || event.type === 'dkg.failed';
}

/** Of what ended it, and of nothing that is asked for afterwards: another gateway may hear of the end later. */
function endCode(end: End): number {
  const isDone = 'state' in end ? end.state === 'done' : end.type === 'dkg.done';
  return isDone ? 0 : CODES.WITAN_ERR_NO_QUORUM.exit;
}
