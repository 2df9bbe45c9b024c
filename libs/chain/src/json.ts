import { fromHex, toHex } from '@witan/crypto';
import { asWitanError, WitanError } from '@witan/errors';
import { encodeCertified } from './certificate.ts';
import { type Link, verifyChain } from './chain.ts';

/** A link as the REST API and proof bundles show it. Only `decision`, `view` and `signature` are believed. */
export interface LinkJson {
  readonly index: number;
  readonly key: string;
  readonly parentKey: string;
  readonly signature: string;
  readonly prefix: string;
  readonly generation: number;
  readonly reason: string;
  readonly view: number;
  /** base64url of the exact bytes that were decided. */
  readonly decision: string;
}

export function prefixName(prefix: string): string {
  return prefix === '' ? 'root' : prefix;
}

export function linkToJson(link: Link): LinkJson {
  const { certified } = link;
  return {
    index: link.index,
    key: toHex(link.key),
    parentKey: toHex(link.parentKey),
    signature: toHex(certified.signature),
    prefix: prefixName(certified.decision.prefix),
    generation: certified.decision.generation,
    reason: link.reason,
    view: certified.view,
    decision: Buffer.from(certified.bytes).toString('base64url'),
  };
}

/** The bytes behind a JSON link; nothing is verified yet. @throws WitanError `WITAN_ERR_MALFORMED` */
export function linkFromJson(json: LinkJson): Uint8Array {
  const decision = Buffer.from(String(json.decision), 'base64url');
  if (decision.toString('base64url') !== json.decision) {
    throw new WitanError('WITAN_ERR_MALFORMED', 'decision is not base64url');
  }
  return encodeCertified(new Uint8Array(decision), json.view, fromHex(json.signature));
}

/**
 * Verifies a chain given as JSON. What the JSON says beside the signed bytes (key, generation, …) has to agree with
 * them, so that a person who reads it is not told something that was never signed.
 * @param known as in `verifyChain`
 * @throws WitanError as `verifyChain` does, and `WITAN_ERR_MALFORMED`; the `index` of the first bad link is in its data
 */
export function verifyChainJson(
  genesisKey: Uint8Array,
  links: readonly LinkJson[],
  known: readonly Link[] = [],
): readonly Link[] {
  const chain = verifyChain(genesisKey, links.map(readLink), known);
  for (const [index, link] of chain.entries()) {
    const shown = links[index]!;
    const signed = linkToJson(link);
    for (const field of Object.keys(signed) as (keyof LinkJson)[]) {
      if (shown[field] !== signed[field]) {
        throw new WitanError('WITAN_ERR_CHAIN', `link ${index}: ${field} is not what was signed`, { data: { index } });
      }
    }
  }
  return chain;
}

function readLink(json: LinkJson, index: number): Uint8Array {
  try {
    return linkFromJson(json);
  } catch (error) {
    const { code, detail } = asWitanError(error);
    throw new WitanError(code, `link ${index}: ${detail}`, { data: { index }, cause: error });
  }
}
