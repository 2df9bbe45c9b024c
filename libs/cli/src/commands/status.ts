import { type Client, isOver, type Network, type Section, type Session } from '@witan/api';
import { CODES } from '@witan/errors';
import { connect } from '../gateway.ts';
import { type Io, print, printJson } from '../io.ts';
import type { GlobalOptions } from '../program.ts';
import { marks } from '../terminal/bars.ts';
import { ago, names, plain, plural, short } from '../terminal/format.ts';
import { healthLine, sectionHealth } from '../terminal/health.ts';
import { stateWord } from '../terminal/session-lines.ts';
import { table } from '../terminal/table.ts';

/** Ends with the exit code of `WITAN_ERR_NO_QUORUM` when a section cannot sign. */
export async function status(io: Io, options: GlobalOptions): Promise<number> {
  const client = await connect(io, options);
  const network = await client.network();
  const sections = await Promise.all(network.sections.map(({ prefix }) => client.section({ prefix })));
  const latest = await Promise.all(sections.map((section) => latestSession(client, section.prefix)));
  if (options.json) {
    const { network: name, genesisKey } = network;
    printJson(io, {
      network: name,
      genesisKey,
      sections: sections.map((section, index) => ({
        ...section,
        health: sectionHealth(section),
        latestSession: latest[index] ?? null,
      })),
    });
  } else {
    print(io, networkLine(network, io));
    for (const [index, section] of sections.entries()) print(io, ['', ...sectionLines(section, latest[index], io)]);
  }
  const canSign = sections.every((section) => sectionHealth(section).spare >= 0);
  return canSign ? 0 : CODES.WITAN_ERR_NO_QUORUM.exit;
}

async function latestSession(client: Client, prefix: string): Promise<Session | undefined> {
  const { sessions } = await client.sessions({ prefix, limit: 1 });
  return sessions[0];
}

function networkLine({ network, genesisKey }: Network, { style: { colours } }: Io): string {
  return `${colours.bold(`Network ${plain(network)}`)}   ${colours.dim('genesis')} ${genesisKey}`;
}

function sectionLines(section: Section, latest: Session | undefined, { style, now }: Io): string[] {
  const { colours } = style;
  const mark = marks(style);
  const { prefix, generation, chainLength, elders, members, threshold } = section;
  const facts = `generation ${generation}, ${plural(chainLength, 'key')} in the chain, ${plural(members.length, 'member')}`;
  const rows = elders.map((elder) => [
    elder.index,
    short(elder.name),
    elder.age,
    elder.live ? colours.green(`${mark.yes} live`) : colours.red(`${mark.no} missing`),
    elder.usableShare ? colours.green(`${mark.yes} usable`) : colours.yellow(`${mark.no} none yet`),
  ]);
  return [
    `${colours.bold(`Section ${prefix}`)}   ${colours.dim('key')} ${section.key}`,
    `${threshold} of ${elders.length} sign for it; ${facts}`,
    healthLine(section, style),
    '',
    table(['#', 'elder', 'age', '', 'key share'], rows, style),
    ...(latest === undefined ? [] : ['', latestLine(latest, style.colours, now())]),
  ];
}

function latestLine(session: Session, colours: Io['style']['colours'], now: number): string {
  const ended = session.endedAt === null ? '' : `, ${ago(session.endedAt, now)}`;
  const waiting = session.waitingOn.length === 0 ? '' : `, waits for ${names(session.waitingOn)}`;
  const at = isOver(session) ? '' : ` in ${session.phase}`;
  return `DKG ${short(session.id)} ${stateWord(session, colours)}${at}${ended}${waiting}`;
}
