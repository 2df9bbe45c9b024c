import type { Client, Session, WitanEvent } from '@witan/api';
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

/** Of one session until it ends, of all until Ctrl-C. */
export async function watch(io: Io, given: string | undefined, options: GlobalOptions): Promise<number> {
  const client = await connect(io, options);
  const wanted = given === undefined ? undefined : await findSession(client, given);
  if (wanted?.endedAt != null) {
    print(io, options.json ? JSON.stringify(wanted) : sessionLines(wanted, io.style, io.output.columns ?? 80));
    return endCode(wanted);
  }
  return io.terminal && !options.json
    ? watchLive(io, client, wanted?.id)
    : watchLines(io, client, wanted?.id, options.json === true);
}

async function watchLines(io: Io, client: Client, id: string | undefined, json: boolean): Promise<number> {
  for await (const event of client.events({ signal: io.signal })) {
    if (!concerns(event, id)) continue;
    const line = json ? JSON.stringify(event) : eventLine(event, io.style);
    if (line !== undefined) print(io, json ? line : `${event.at.slice(11, 23)}  ${line}`);
    if (id !== undefined && isEnd(event)) return endCode(await client.session({ id }));
  }
  return 0;
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
    const draw = coalesce(redraw, REDRAW_MS);
    for await (const event of client.events({ signal: io.signal })) {
      if (!concerns(event, id)) continue;
      draw.request();
      if (id !== undefined && isEnd(event)) {
        await draw.finish();
        return shown === undefined ? 0 : endCode(shown);
      }
    }
    return 0;
  } finally {
    area.done();
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
