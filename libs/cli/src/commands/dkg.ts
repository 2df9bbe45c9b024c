import { type Client, isOver, type PhaseView, type Session } from '@witan/api';
import { WitanError } from '@witan/errors';
import { connect } from '../gateway.ts';
import { findByStart, hexStart } from '../input.ts';
import { type Io, print, printJson } from '../io.ts';
import type { GlobalOptions } from '../program.ts';
import { ago, capital, duration, names, plural, short, words } from '../terminal/format.ts';
import { sessionLines, stateWord } from '../terminal/session-lines.ts';
import { table } from '../terminal/table.ts';

const UNKNOWN = '–';

interface ListOptions extends GlobalOptions {
  readonly state?: Session['state'];
  readonly limit: number;
}

export async function listSessions(io: Io, options: ListOptions): Promise<number> {
  const client = await connect(io, options);
  const { limit, state } = options;
  const { sessions } = await client.sessions({ limit, ...(state && { state }) });
  if (options.json) {
    printJson(io, sessions);
    return 0;
  }
  if (sessions.length === 0) {
    print(io, 'no such sessions');
    return 0;
  }
  const rows = sessions.map((session) => [
    short(session.id),
    session.generation,
    session.attempt,
    `${session.threshold} of ${session.participants.length}`,
    stateWord(session, io.style.colours),
    isOver(session) ? '' : session.phase,
    session.resultKey === null ? '' : short(session.resultKey),
    session.startedAt === null ? UNKNOWN : ago(session.startedAt, io.now()),
  ]);
  print(io, table(['session', 'gen', 'try', 'shares', 'state', 'phase', 'key', 'started'], rows, io.style));
  return 0;
}

export async function showSession(io: Io, id: string | undefined, options: GlobalOptions): Promise<number> {
  const client = await connect(io, options);
  const session = await findSession(client, id);
  if (options.json) {
    printJson(io, session);
    return 0;
  }
  const blank = '';
  print(io, [
    ...sessionLines(session, io.style, io.output.columns ?? 80),
    blank,
    `  ${session.id}`,
    `  ${startedLine(session, io.now())}, section ${session.prefix}`,
    ...session.phases.flatMap((phase) => sendersLine(phase, session)),
    ...session.repairs.map(
      (repair) =>
        `  repaired        ${short(repair.node)} got ${plural(repair.recovered, 'message')} (${words(repair.reason)})`,
    ),
  ]);
  return 0;
}

function startedLine({ startedAt }: Session, now: number): string {
  return startedAt === null ? 'nobody remembers when it was and how it went' : `started ${ago(startedAt, now)}`;
}

/** The session of that id or start of an id, or the newest. @throws WitanError `WITAN_ERR_NOT_FOUND`, `WITAN_ERR_INVALID` */
export async function findSession(client: Client, given: string | undefined): Promise<Session> {
  if (given === undefined) {
    const { sessions } = await client.sessions({ limit: 1 });
    if (sessions[0] === undefined) throw new WitanError('WITAN_ERR_NOT_FOUND', 'there has been no DKG session yet');
    return sessions[0];
  }
  const start = hexStart(given, 'session');
  const id = start.length === 64 ? start : await findByStart(idsOf(client.eachSession()), start, 'session');
  return client.session({ id });
}

async function* idsOf(all: AsyncIterable<Session>): AsyncGenerator<string> {
  for await (const { id } of all) yield id;
}

/** When the session had whose message, from its start, and who sent none, once a phase has begun. */
function sendersLine(phase: PhaseView, session: Session): string[] {
  if (phase.startedAt === null || phase.messages.length === 0) return [];
  const began = Date.parse(session.startedAt ?? phase.startedAt);
  const sent = new Set(phase.messages.map((message) => message.from));
  const times = phase.messages.map(
    (message) => `${short(message.from)} ${duration(Math.max(0, Date.parse(message.at) - began))}`,
  );
  // In Justification only the accused speak, in Commitment only qualified dealers: silence says nothing there.
  const all = phase.expected === session.participants.length;
  const silent = all ? session.participants.filter(({ name }) => !sent.has(name)).map(({ name }) => name) : [];
  const lines = [`  ${capital(phase.name).padEnd(15)} ${times.join(', ')}`];
  if (silent.length > 0) lines.push(`  ${''.padEnd(15)} silent: ${names(silent)}`);
  return lines;
}
