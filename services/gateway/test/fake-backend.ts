import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ChainLink, Check, Network, Node, ProofBundle, Section, Session, VerificationResult } from '@witan/api';
import { WitanError, type WitanErrorCode } from '@witan/errors';
import type { AttestInput, Backend } from '../src/backend.ts';
import { compare, hex } from './fake/bytes.ts';
import { makeHistory } from './fake/history.ts';
import { live } from './fake/live.ts';
import { time } from './fake/session.ts';
import { FakeWorld } from './fake/world.ts';

/**
 * A section to develop and test against: nine nodes, a chain of four keys after genesis, sessions that are done, failed, stalled and running,
 * all of it consistent with itself. Its keys and signatures have the right form and no cryptography behind them. {@link tick}
 * moves it on.
 */
export class FakeBackend implements Backend {
  readonly world: FakeWorld;
  /** Set to have `attest` refuse. */
  quorum = true;
  /** Names of checks that fail. */
  readonly failing = new Set<string>();
  readonly #script: Generator<void>;

  constructor(now: () => number = Date.now) {
    this.world = new FakeWorld(now);
    const { stalled, gone } = makeHistory(this.world);
    this.#script = live(this.world, stalled, gone);
    for (let step = 0; step < 12; step += 1) this.tick();
  }

  /** One step of the running session, or of the pause between two. */
  tick(): void {
    this.#script.next();
  }

  get events() {
    return this.world.events;
  }

  network(): Network {
    const { prefix, key, generation, chainLength, elders, members } = this.section('root');
    const section = { prefix, key, generation, chainLength, elders: elders.length, members: members.length };
    return { network: this.world.network, genesisKey: this.world.genesisKey, sections: [section] };
  }

  section(prefix: string): Section {
    this.#demandSection(prefix);
    return this.world.sectionView();
  }

  chain(prefix: string, from?: string): { genesisKey: string; links: ChainLink[] } {
    this.#demandSection(prefix);
    const { genesisKey, links } = this.world;
    if (from === undefined) return { genesisKey, links };
    const index = links.findIndex((link) => link.key === from);
    if (index === -1) throw new WitanError('WITAN_ERR_UNTRUSTED_KEY', 'from: this key is not in the chain');
    return { genesisKey, links: links.slice(index + 1) };
  }

  nodes(): Node[] {
    return this.world.nodeViews();
  }

  node(name: string): Node {
    return found(
      this.nodes().find((node) => node.name === name),
      'node',
    );
  }

  sessions(): Session[] {
    return this.world.sessionViews();
  }

  session(id: string): Session {
    return found(
      this.sessions().find((session) => session.id === id),
      'DKG session',
    );
  }

  async attest({ payload, context }: AttestInput): Promise<ProofBundle> {
    const waitingOn = this.world.elders.filter((name) => !this.world.isReachable(name)).sort(compare);
    if (!this.quorum || this.world.elders.length - waitingOn.length < this.world.threshold) {
      throw new WitanError('WITAN_ERR_NO_QUORUM', 'Too few elders can sign.', { data: { waitingOn } });
    }
    const statement = {
      payloadHash: createHash('sha256').update(payload).digest('hex'),
      context,
      signedAt: time(this.world.now()),
      prefix: 'root',
      key: this.world.key,
    };
    return { ...statement, signature: sign(statement), chain: [...this.world.links] };
  }

  verify(bundle: ProofBundle, payload?: Uint8Array): VerificationResult {
    const reason = this.#whyNot(bundle, payload);
    return { valid: reason === null, genesisKey: this.world.genesisKey, reason };
  }

  checks(): Check[] {
    return ['bus', 'section'].map((name) =>
      this.failing.has(name) ? { name, ok: false, detail: 'switched off' } : { name, ok: true },
    );
  }

  #whyNot(bundle: ProofBundle, payload?: Uint8Array): VerificationResult['reason'] {
    const no = (code: WitanErrorCode, detail: string) => ({ code, detail });
    const broken = bundle.chain.findIndex((link, index) => !isDeepStrictEqual(link, this.world.links[index]));
    if (broken !== -1) return no('WITAN_ERR_CHAIN', `link ${broken}: the signature is not by its parent key`);
    if (bundle.key !== bundle.chain.at(-1)?.key) {
      return no('WITAN_ERR_UNTRUSTED_KEY', 'the chain does not lead to the key of the bundle');
    }
    if (bundle.signature !== sign(bundle))
      return no('WITAN_ERR_SIGNATURE', 'the signature is not by the key of the bundle');
    if (payload && createHash('sha256').update(payload).digest('hex') !== bundle.payloadHash) {
      return no('WITAN_ERR_SIGNATURE', 'payload: its hash is not the one that was signed');
    }
    return null;
  }

  #demandSection(prefix: string): void {
    if (prefix !== 'root')
      throw new WitanError('WITAN_ERR_NOT_FOUND', `There is no section with the prefix ${prefix}.`);
  }
}

function sign(statement: Pick<ProofBundle, 'payloadHash' | 'context' | 'signedAt' | 'prefix' | 'key'>): string {
  const { payloadHash, context, signedAt, prefix, key } = statement;
  return hex(JSON.stringify([payloadHash, context, signedAt, prefix, key]), 96);
}

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new WitanError('WITAN_ERR_NOT_FOUND', `There is no ${what} of this name.`);
  return value;
}
