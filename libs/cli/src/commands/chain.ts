import type { ChainLink } from '@witan/api';
import { all, connect } from '../gateway.ts';
import { genesisKey, readJson } from '../input.ts';
import { type Io, print, printJson } from '../io.ts';
import type { GlobalOptions } from '../program.ts';
import { marks } from '../terminal/bars.ts';
import { plural, short } from '../terminal/format.ts';
import { table } from '../terminal/table.ts';

interface ChainOptions extends GlobalOptions {
  readonly prefix: string;
  readonly from?: string;
  readonly genesis?: string;
}

export async function showChain(io: Io, options: ChainOptions): Promise<number> {
  const client = await connect(io, options);
  const { prefix, from } = options;
  const { genesisKey: genesis } = await client.network();
  const links = await all(client.eachLink(from === undefined ? { prefix } : { prefix, from }));
  if (options.json) {
    printJson(io, { genesisKey: genesis, links });
    return 0;
  }
  const rows = links.map((link) => [
    link.index,
    short(link.key),
    link.reason === 'genesis' ? 'itself' : short(link.parentKey),
    link.generation,
    link.reason,
  ]);
  const { colours } = io.style;
  print(io, `${colours.bold(`Section ${prefix}`)}   ${colours.dim('genesis')} ${genesis}`);
  if (rows.length === 0) print(io, 'no link after that key: it is the current one');
  else print(io, ['', table(['#', 'key', 'signed by', 'generation', 'reason'], rows, io.style)]);
  return 0;
}

/** @throws WitanError with the first thing that does not hold */
export async function verifyChainOf(io: Io, file: string | undefined, options: ChainOptions): Promise<number> {
  const genesis = genesisKey(io, options.genesis);
  const links = file === undefined ? await fetchLinks(io, options) : await readLinks(io, file);
  const { verifyChainJson } = await import('@witan/chain');
  const verified = verifyChainJson(genesis, links);
  const last = links.at(-1)!;
  if (options.json) {
    printJson(io, {
      valid: true,
      links: verified.length,
      genesisKey: links[0]!.key,
      key: last.key,
      generation: last.generation,
    });
    return 0;
  }
  const { colours } = io.style;
  print(io, [
    `${colours.green(`${marks(io.style).good} holds`)}  ${plural(verified.length, 'link')}, each signed by the key before it`,
    `  from  ${links[0]!.key}  ${colours.dim('genesis')}`,
    `  to    ${last.key}  ${colours.dim(`generation ${last.generation}`)}`,
  ]);
  return 0;
}

async function fetchLinks(io: Io, options: ChainOptions): Promise<ChainLink[]> {
  const client = await connect(io, options);
  return all(client.eachLink({ prefix: options.prefix }));
}

/** A file holds what `chain show --json` printed, or the links alone. */
async function readLinks(io: Io, file: string): Promise<ChainLink[]> {
  const [{ Chain, parse }, json] = await Promise.all([import('@witan/api'), readJson(io, file)]);
  const links = Array.isArray(json) ? json : (json as { links?: unknown } | null)?.links;
  return parse(Chain.properties.links, links, 'links');
}
