import { genesisKey, readInput, readJson } from '../input.ts';
import { type Io, print, printJson } from '../io.ts';
import type { GlobalOptions } from '../program.ts';
import { marks } from '../terminal/bars.ts';
import { ago, plural } from '../terminal/format.ts';

interface VerifyOptions extends GlobalOptions {
  readonly genesis?: string;
  readonly payload?: string;
}

/** Talks to nobody. @throws WitanError with the first thing that does not hold */
export async function verify(io: Io, file: string, options: VerifyOptions): Promise<number> {
  const genesis = genesisKey(io, options.genesis);
  const [{ parse, ProofBundle }, { verifyBundle }] = await Promise.all([import('@witan/api'), import('@witan/chain')]);
  const bundle = parse(ProofBundle, await readJson(io, file), 'bundle');
  const payload = options.payload === undefined ? undefined : await readInput(io, options.payload);
  verifyBundle(bundle, genesis, payload);
  const { payloadHash, context, signedAt, prefix, key } = bundle;
  if (options.json) {
    printJson(io, { valid: true, payloadHash, payloadChecked: payload !== undefined, context, signedAt, prefix, key });
    return 0;
  }
  const { colours } = io.style;
  const compared =
    payload === undefined ? colours.yellow('not compared: give --payload') : `is that of ${options.payload}`;
  print(io, [
    colours.green(`${marks(io.style).good} holds`),
    `  payload  ${payloadHash}  ${compared}`,
    `  context  ${context === '' ? colours.dim('none') : context}`,
    `  signed   ${signedAt}  ${colours.dim(ago(signedAt, io.now()))}`,
    `  by       ${key}  ${colours.dim(`section ${prefix}`)}`,
    `  chain    ${plural(bundle.chain.length, 'link')} from genesis ${colours.dim(bundle.chain[0]!.key)}`,
  ]);
  return 0;
}
