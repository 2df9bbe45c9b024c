import type { Node } from '@witan/api';
import { all, connect } from '../gateway.ts';
import { findByStart, hexStart } from '../input.ts';
import { type Io, print, printJson } from '../io.ts';
import type { GlobalOptions } from '../program.ts';
import { marks } from '../terminal/bars.ts';
import { ago, plural, short } from '../terminal/format.ts';
import { table } from '../terminal/table.ts';

interface NodesOptions extends GlobalOptions {
  readonly role?: 'adult' | 'candidate' | 'elder';
  readonly state?: 'joining' | 'joined' | 'left' | 'relocated';
  readonly unreachable?: boolean;
}

export async function nodes(io: Io, name: string | undefined, options: NodesOptions): Promise<number> {
  return name === undefined ? listNodes(io, options) : showNode(io, name, options);
}

async function listNodes(io: Io, options: NodesOptions): Promise<number> {
  const client = await connect(io, options);
  const filter = {
    ...(options.role && { role: options.role }),
    ...(options.state && { state: options.state }),
    ...(options.unreachable && { reachable: false }),
  };
  const found = await all(client.eachNode(filter));
  if (options.json) {
    printJson(io, found);
    return 0;
  }
  if (found.length === 0) {
    print(io, 'no such nodes');
    return 0;
  }
  // The oldest first: they are the elders, or will be.
  found.sort((a, b) => b.age - a.age || (a.name < b.name ? -1 : 1));
  const rows = found.map((node) => row(node, io));
  print(io, table(['node', 'age', 'roles', 'state', 'section', '', 'last heard of'], rows, io.style));
  const missing = found.filter((node) => !node.reachable).length;
  print(io, io.style.colours.dim(`${plural(found.length, 'node')}${missing > 0 ? `, ${missing} not reachable` : ''}`));
  return 0;
}

function row(node: Node, { style, now }: Io): (string | number)[] {
  const { colours } = style;
  const mark = marks(style);
  return [
    short(node.name),
    node.age,
    node.roles.join(', '),
    node.state,
    node.section ?? '–',
    node.reachable ? colours.green(mark.yes) : colours.red(mark.no),
    ago(node.lastSeen, now()),
  ];
}

async function showNode(io: Io, given: string, options: NodesOptions): Promise<number> {
  const client = await connect(io, options);
  const start = hexStart(given, 'node');
  const name = start.length === 64 ? start : await findByStart(namesOf(client.eachNode()), start, 'node');
  const node = await client.node({ name });
  if (options.json) {
    printJson(io, node);
    return 0;
  }
  const { colours } = io.style;
  const reachable = node.reachable ? colours.green('reachable') : colours.red('not reachable');
  print(io, [
    colours.bold(`Node ${node.name}`),
    `${node.state}, age ${node.age}, ${node.roles.join(' and ') || 'no role'}${node.section === null ? '' : ` in section ${node.section}`}`,
    `${reachable}, last heard of ${ago(node.lastSeen, io.now())}`,
  ]);
  return 0;
}

async function* namesOf(all: AsyncIterable<Node>): AsyncGenerator<string> {
  for await (const { name } of all) yield name;
}
