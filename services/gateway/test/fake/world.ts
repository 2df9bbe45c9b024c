import type { ChainLink, Node, Section, Session } from '@witan/api';
import { EventLog } from '../../src/event-log.ts';
import { base64url, compare, hex, supermajority } from './bytes.ts';
import { FakeSession, type SessionPlan, time } from './session.ts';

const AGES = [14, 13, 12, 11, 10, 9, 8, 6, 5];

/** Nine nodes, one section, its chain and its sessions: everything that a fake gateway shows, changed by what happens in it. */
export class FakeWorld {
  readonly events = new EventLog();
  readonly network = 'fake';
  readonly genesisKey = hex('genesis key', 48);
  /** Names, oldest node first. */
  readonly names = AGES.map((_, index) => hex(`node ${index}`, 32));
  readonly links: ChainLink[] = [];
  sessions: FakeSession[] = [];
  elders: string[] = [this.names[0] as string];
  generation = 0;
  readonly #joined = new Set<string>();
  readonly #unreachable = new Set<string>();
  readonly #lastSeen = new Map<string, number>();
  readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  /** The first node makes the genesis key alone. */
  begin(at: number): void {
    const [first] = this.names as [string];
    this.#joined.add(first);
    this.#addLink(this.genesisKey, this.genesisKey, 'genesis', 1);
    this.events.append({
      type: 'decision',
      at: time(at),
      data: { prefix: 'root', generation: 0, view: 0, kind: 'genesis' },
    });
    this.#membership(first, 'joined', at);
  }

  get key(): string {
    return this.links.at(-1)?.key ?? this.genesisKey;
  }

  get threshold(): number {
    return supermajority(this.elders.length);
  }

  join(name: string, at: number): void {
    this.#joined.add(name);
    this.#decide('join', at);
    this.#membership(name, 'joined', at);
  }

  setReachable(node: string, live: boolean, at: number): void {
    if (live) this.#unreachable.delete(node);
    else this.#unreachable.add(node);
    this.#lastSeen.set(node, at);
    this.events.append({ type: 'heartbeat', at: time(at), data: { node, live, lastSeen: time(at) } });
  }

  startSession(plan: Omit<SessionPlan, 'prefix' | 'generation'>, at: number): FakeSession {
    const generation = this.generation;
    const session = new FakeSession({ prefix: 'root', generation, ...plan }, at, (event) => this.events.append(event));
    this.sessions = [...this.sessions, session].slice(-12);
    return session;
  }

  /** The session has made a key: the elders hand over to it and those who made it are elders now. */
  handOver(session: FakeSession, at: number): void {
    const parentKey = this.key;
    const key = session.view.resultKey as string;
    this.#decide('handover', at);
    const index = this.#addLink(key, parentKey, 'handover', session.names.length);
    this.events.append({
      type: 'handover',
      at: time(at),
      data: { prefix: 'root', generation: this.generation, key, parentKey, index },
    });
    const before = this.elders;
    this.elders = session.names;
    for (const name of this.elders.filter((name) => !before.includes(name))) this.#membership(name, 'promoted', at);
    for (const name of before.filter((name) => !this.elders.includes(name))) this.#membership(name, 'demoted', at);
  }

  isReachable(name: string): boolean {
    return !this.#unreachable.has(name);
  }

  ageOf(name: string): number {
    return AGES[this.names.indexOf(name)] ?? 0;
  }

  sectionView(): Section {
    const elders = [...this.elders].sort(compare).map((name, index) => ({
      name,
      index,
      age: this.ageOf(name),
      publicKeyShare: hex(`share ${this.key} ${name}`, 48),
      live: this.isReachable(name),
      usableShare: this.isReachable(name),
    }));
    const members = [...this.#joined]
      .sort(compare)
      .map((name) => ({ name, age: this.ageOf(name), elder: this.elders.includes(name) }));
    return {
      prefix: 'root',
      key: this.key,
      generation: this.generation,
      chainLength: this.links.length,
      threshold: this.threshold,
      elders,
      members,
      signature: this.links.at(-1)?.signature ?? null,
    };
  }

  nodeViews(): Node[] {
    const candidates = new Set(this.sessions.filter((session) => session.running).flatMap((session) => session.names));
    return this.names.map((name) => ({
      name,
      age: this.ageOf(name),
      state: this.#joined.has(name) ? 'joined' : 'joining',
      roles: [
        'adult' as const,
        ...(candidates.has(name) ? (['candidate'] as const) : []),
        ...(this.elders.includes(name) ? (['elder'] as const) : []),
      ],
      section: this.#joined.has(name) ? 'root' : null,
      lastSeen: time(this.isReachable(name) ? this.now() : (this.#lastSeen.get(name) ?? this.now())),
      reachable: this.isReachable(name),
    }));
  }

  sessionViews(): Session[] {
    return this.sessions.map((session) => structuredClone(session.view));
  }

  #addLink(key: string, parentKey: string, reason: string, elders: number): number {
    const index = this.links.length;
    this.links.push({
      index,
      key,
      parentKey,
      signature: hex(`link ${parentKey} ${key}`, 96),
      prefix: 'root',
      generation: this.generation,
      reason,
      view: 0,
      decision: base64url(`decision ${key}`, 96 + 80 * elders),
    });
    return index;
  }

  #decide(kind: string, at: number): void {
    this.generation += 1;
    this.events.append({
      type: 'decision',
      at: time(at),
      data: { prefix: 'root', generation: this.generation, view: 0, kind },
    });
  }

  #membership(node: string, change: 'joined' | 'promoted' | 'demoted', at: number): void {
    const data = { prefix: 'root', generation: this.generation, node, age: this.ageOf(node), change };
    this.events.append({ type: 'membership', at: time(at), data });
  }
}
