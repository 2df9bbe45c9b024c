import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { ProofBundle } from '@witan/api';
import { WitanError } from '@witan/errors';
import { connect } from '../gateway.ts';
import { genesisKey, readInput } from '../input.ts';
import { type Io, printJson, remark } from '../io.ts';
import type { GlobalOptions } from '../program.ts';
import { plural, short } from '../terminal/format.ts';

interface AttestOptions extends GlobalOptions {
  readonly context: string;
  readonly out?: string;
  readonly genesis?: string;
}

/**
 * The bundle is the result, so it is JSON whatever the options say. With the genesis key it is verified before it is
 * given out: a gateway cannot forge one, but it can hand out one that does not hold.
 */
export async function attest(io: Io, file: string, options: AttestOptions): Promise<number> {
  const trusted =
    options.genesis === undefined && !io.env.WITAN_GENESIS_KEY ? undefined : genesisKey(io, options.genesis);
  const payload = await readInput(io, file);
  const client = await connect(io, options);
  const { context } = options;
  const bundle = await client.attest({ body: { payload: Buffer.from(payload).toString('base64url'), context } });
  refuseOther(bundle, payload, context);
  if (trusted !== undefined) {
    const { verifyBundle } = await import('@witan/chain');
    verifyBundle(bundle, trusted, payload);
  }
  if (options.out === undefined) printJson(io, bundle);
  else await save(options.out, `${JSON.stringify(bundle, undefined, 2)}\n`);
  if (!options.json) {
    const checked = trusted === undefined ? '' : ', verified from the genesis key';
    const where = options.out === undefined ? '' : ` to ${options.out}`;
    remark(
      io,
      `signed${where} by section ${bundle.prefix} with key ${short(bundle.key)}, ${plural(bundle.chain.length, 'link')} from genesis${checked}`,
    );
  }
  return 0;
}

/** The elders sign what the gateway asks for, which need not be what it was asked for. */
function refuseOther({ payloadHash, context }: ProofBundle, payload: Uint8Array, wanted: string): void {
  if (payloadHash !== createHash('sha256').update(payload).digest('hex')) {
    throw new WitanError('WITAN_ERR_SIGNATURE', 'the gateway had something else signed: another payload');
  }
  if (context !== wanted) {
    const detail = `the gateway had it signed in another context: ${JSON.stringify(context)}`;
    throw new WitanError('WITAN_ERR_SIGNATURE', detail);
  }
}

async function save(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new WitanError(
      code === 'ENOSPC' ? 'WITAN_ERR_STORE_FULL' : 'WITAN_ERR_STORE',
      `${file} cannot be written: ${code}`,
      {
        cause: error,
      },
    );
  }
}
