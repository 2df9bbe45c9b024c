import { type Link, verifyChainJson } from '@witan/chain';
import { fromHex, toHex } from '@witan/crypto';
import { expect } from 'vitest';
import type { Cluster } from './cluster.ts';
import { LogRules } from './log-rules.ts';
import type { ServiceKind } from './service-process.ts';

const EVERY: readonly ServiceKind[] = ['adult', 'dkg-coordinator', 'elder', 'gateway'];

/** Counters that stay at zero whatever others do, and who has them: each would be a defect of our own. */
const DEFECTS: Readonly<Record<string, readonly ServiceKind[]>> = {
  witan_actor_crashes_total: EVERY,
  witan_actor_poison_messages_total: EVERY,
  witan_actor_effect_failures_total: EVERY,
  witan_bus_handler_errors_total: EVERY,
  // Nobody does what its role does not need.
  witan_bus_forbidden_total: EVERY,
  witan_held_messages_failed_total: ['dkg-coordinator', 'elder'],
};

/** Counters that stay at zero while nothing happens to the machine. */
const TROUBLES: typeof DEFECTS = { witan_journal_errors_total: ['adult', 'elder'] };

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
    for (const process of this.#cluster.processes.filter((each) => each.metricsUrl && each.isRunning)) {
      const metrics = await process.metrics();
      const zero = this.#expectsTrouble ? DEFECTS : { ...DEFECTS, ...TROUBLES };
      // One that is not ready yet may not count yet.
      const isReady = process.said({ event: 'ready' }).length > 0;
      const own = Object.keys(zero).filter((name) => zero[name]!.includes(process.kind));
      const counted = own.map((name) => [name, metrics.value(name) ?? (isReady ? 'missing' : 0)]);
      expect(counted, `what must not happen, as ${process.name} counts it`).toEqual(own.map((name) => [name, 0]));
    }
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
    const truths = new Map<string, Set<string>>();
    const note = (about: string, what: string) => truths.set(about, (truths.get(about) ?? new Set()).add(what));
    for (const { lines } of this.#cluster.processes) {
      for (const line of lines) {
        if (line.event === 'dkg-done') note(`session ${line.session}`, String(line.key));
        if (line.event !== 'decided') continue;
        note(`generation ${line.generation}`, String(line.action));
        if (line.action === 'handover') note(`key of generation ${line.generation}`, String(line.key));
      }
    }
    const forks = [...truths].filter(([, said]) => said.size > 1).map(([about, said]) => [about, ...said]);
    expect(forks).toEqual([]);
  }

  /** Counters die with their process, and what it said of its failures does not. */
  #expectHeldApplied(): void {
    const failed = this.#cluster.processes.flatMap(({ name, lines }) =>
      lines.filter(({ event }) => event === 'dkg-held-failed').map((line) => `${name}: ${JSON.stringify(line)}`),
    );
    expect(failed, 'held messages that were not taken').toEqual([]);
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
