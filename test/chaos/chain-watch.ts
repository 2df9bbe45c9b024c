import { type Link, type LinkJson, type ProofBundle, verifyBundleOn, verifyChainJson } from '@witan/chain';
import { fromHex } from '@witan/crypto';
import { asWitanError } from '@witan/errors';

/**
 * All that anybody was ever shown of the section chain. A link that was verified is known by its key; a chain that has
 * another verified one in its place is a fork.
 */
export class ChainWatch {
  readonly #genesisKey: Uint8Array;
  #shown: readonly LinkJson[] = [];
  #links: readonly Link[] = [];

  /** @param genesisKey hex */
  constructor(genesisKey: string) {
    this.#genesisKey = fromHex(genesisKey);
  }

  get length(): number {
    return this.#links.length;
  }

  /** What is wrong with a chain, from the genesis link on; nothing if it agrees with all that came before. */
  learn(links: readonly LinkJson[]): string | undefined {
    if (links.length <= this.length && links.every((link, index) => isSame(link, this.#shown[index]!)))
      return undefined;
    let verified: readonly Link[];
    try {
      verified = verifyChainJson(this.#genesisKey, links);
    } catch (error) {
      return `a chain of ${links.length} links does not verify: ${told(error)}`;
    }
    const known = this.#shown.slice(0, links.length);
    const fork = known.findIndex(({ key }, index) => key !== links[index]!.key);
    if (fork !== -1) {
      return `fork: link ${fork} is ${links[fork]!.key} and was ${known[fork]!.key}, and both verify`;
    }
    if (links.length <= this.length) return undefined;
    this.#shown = links;
    this.#links = verified;
    return undefined;
  }

  /** What is wrong with a proof over `payload` in `context`; nothing if anybody can verify it from the genesis key. */
  check(bundle: ProofBundle, payload: Uint8Array, context: string): string | undefined {
    const wrong = this.learn(bundle.chain);
    if (wrong !== undefined) return wrong;
    // Verifying takes the context that the bundle names: the section may have signed that one for somebody else.
    if (bundle.context !== context) return `an attestation is of another context: ${JSON.stringify(bundle.context)}`;
    try {
      verifyBundleOn(this.#links.slice(0, bundle.chain.length), bundle, payload);
      return undefined;
    } catch (error) {
      return `an attestation does not verify: ${told(error)}`;
    }
  }
}

function isSame(one: LinkJson, other: LinkJson): boolean {
  return (Object.keys(other) as (keyof LinkJson)[]).every((field) => one[field] === other[field]);
}

function told(error: unknown): string {
  const { code, detail } = asWitanError(error);
  return `${code}: ${detail}`;
}
