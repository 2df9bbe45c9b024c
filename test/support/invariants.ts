import { type Link, verifyChainJson } from '@witan/chain';
import { fromHex, toHex } from '@witan/crypto';
import { expect } from 'vitest';
import type { Cluster } from './cluster.ts';
import { defectsCounted, heldButNotTaken } from './defects.ts';
import { LogRules } from './log-rules.ts';
import { contradictions } from './one-truth.ts';

/** Holds what must hold after whatever a test has done; asked again and again, it also sees that the past stays as it was. */
export class Invariants {
  readonly #cluster: Cluster;
  readonly #expectsTrouble: boolean;
  readonly #logRules: LogRules;
  #genesisKey: string | undefined;
  #chain: readonly Link[] = [];

  constructor(cluster: Cluster, { expectsTrouble }: { readonly expectsTrouble: boolean }) {
    this.#cluster = cluster;
    this.#expectsTrouble = expectsTrouble;
    this.#logRules = new LogRules(cluster);
  }

  /** The trust anchor: the first that was seen. */
  get genesisKey(): Uint8Array {
    if (this.#genesisKey === undefined) throw new Error('no genesis key has been seen yet');
    return fromHex(this.#genesisKey);
  }

  /** @throws an assertion error */
  async expectAll(): Promise<void> {
    await this.#expectChain();
    this.#expectOneTruth();
    this.#expectNoDefects();
    this.#expectHeldApplied();
    expect(this.#logRules.complaints(), 'lines of the logs').toEqual([]);
    const counted = await defectsCounted(this.#cluster.processes, {
      trouble: this.#expectsTrouble,
      lies: true,
    });
    expect(counted, 'what must not happen, as they count it').toEqual([]);
  }

  /** The chain verifies offline from the genesis key, and only ever grows. */
  async #expectChain(): Promise<void> {
    const { api } = this.#cluster;
    const { genesisKey } = await api.network();
    this.#genesisKey ??= genesisKey;
    expect(genesisKey).toBe(this.#genesisKey);
    const { links } = await api.chain({ prefix: 'root', limit: 1000 });
    const chain = verifyChainJson(this.genesisKey, links);
    const keys = (of: readonly Link[]) => of.map((link) => toHex(link.key));
    expect(keys(chain).slice(0, this.#chain.length)).toEqual(keys(this.#chain));
    this.#chain = chain;
  }

  /** No two processes ever saw different keys of one session, or different decisions of one generation. */
  #expectOneTruth(): void {
    expect(contradictions(this.#cluster.processes.flatMap(({ lines }) => lines))).toEqual([]);
  }

  /** Counters die with their process, and what it said of its failures does not. */
  #expectHeldApplied(): void {
    expect(heldButNotTaken(this.#cluster.processes), 'held messages that were not taken').toEqual([]);
  }

  #expectNoDefects(): void {
    const { processes } = this.#cluster;
    expect(processes.filter((each) => each.hasFallen).map((each) => each.name)).toEqual([]);
    if (this.#expectsTrouble) return;
    const cries = processes.flatMap(({ name, lines }) =>
      lines
        .filter(({ level }) => level === 'fatal' || level === 'error')
        .map((line) => `${name}: ${JSON.stringify(line)}`),
    );
    expect(cries).toEqual([]);
  }
}
