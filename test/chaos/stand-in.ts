import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PHASES, type Phase, type Section, type Session, type WitanEvent } from '@witan/api';
import { toHex } from '@witan/crypto';
import { Unable } from './drivers/unable.ts';
import { bundleOf, chainOf, GENESIS } from './made-chain.ts';
import type { Ability, Part, World } from './world.ts';

const NODES = 4;
const SECRETS = [100n, 101n];
const KEY = chainOf(...SECRETS).at(-1)!.key;
const AT = '2026-01-02T03:04:05.000Z';
const names = Array.from({ length: NODES }, (_, index) => toHex(new Uint8Array(32).fill(index + 1)));

/** A gateway and four nodes that are made up, with real keys, for what is said of runs on a world. */
export class StandIn extends Unable implements World {
  readonly title = 'a stand-in';
  readonly revivesItself = false;
  readonly nodes = NODES;
  abilities: ReadonlySet<Ability> = new Set<Ability>(['kill', 'keep-down']);
  /** So many of the nodes, the first of them, are no elders, and take part in the session. */
  newcomers = 0;
  /** API key without which nothing is signed. */
  apiKey: string | undefined;
  /** How long the session's phase lasts, ms; null while it lasts, undefined where nobody knows when it was. */
  phaseMs: number | null | undefined = null;
  /** When it began; long ago unless given. */
  phaseAt = AT;
  /** The address answers also when the gateway is dead. */
  hasAnotherGateway = false;
  /** A session that begins when a node is kept down, as far as this phase. */
  phase: Phase | undefined;
  readonly killed: string[][] = [];
  readonly #dead = new Set<string>();
  readonly #streams = new Set<ServerResponse>();
  #server: Server | undefined;
  #port = 0;

  get elders(): number {
    return NODES - this.newcomers;
  }

  async start(): Promise<void> {
    await this.#listen();
  }

  async stop(): Promise<void> {
    this.#close();
  }

  async parts(): Promise<readonly Part[]> {
    return [
      ...names.map((_, index) => ({ name: `node-${index}`, role: 'node' as const })),
      { name: 'gateway-0', role: 'gateway' },
      { name: 'coordinator-0', role: 'coordinator' },
      { name: 'nats-0', role: 'nats' },
    ];
  }

  async partOf(nodeName: string): Promise<Part | undefined> {
    const index = names.indexOf(nodeName);
    return index === -1 ? undefined : { name: `node-${index}`, role: 'node' };
  }

  async unready(): Promise<readonly string[]> {
    return [...this.#dead].map((name) => `${name} is dead`);
  }

  urls(): readonly string[] {
    return [`http://127.0.0.1:${this.#port}`];
  }

  override async kill(parts: readonly Part[]): Promise<void> {
    this.killed.push(parts.map(({ name }) => name));
    for (const { name } of parts) this.#dead.add(name);
    if (this.#dead.has('gateway-0') && !this.hasAnotherGateway) this.#close();
  }

  override async keepDown(parts: readonly Part[]): Promise<void> {
    await this.kill(parts);
    if (this.phase !== undefined) for (const stream of this.#streams) this.#tell(stream);
  }

  override async disturb(): Promise<void> {}

  override async mend(): Promise<void> {}

  override async revive(parts: readonly Part[]): Promise<void> {
    for (const { name } of parts) this.#dead.delete(name);
    if (!this.#server && !this.#dead.has('gateway-0')) await this.#listen();
  }

  async complaints(): Promise<readonly string[]> {
    return [];
  }

  async writeLogs(): Promise<void> {}

  async settings(): Promise<readonly string[]> {
    return ['made up'];
  }

  async #listen(): Promise<void> {
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { pathname } = new URL(request.url!, 'http://localhost');
      if (pathname === '/v1/events') return this.#follow(response);
      if (pathname === '/v1/attestations' && this.apiKey && request.headers.authorization !== `Bearer ${this.apiKey}`) {
        response.writeHead(401).end();
        return;
      }
      const answer = this.#answer(pathname, Buffer.concat(chunks).toString());
      response.writeHead(answer === undefined ? 404 : pathname === '/v1/attestations' ? 201 : 200, {
        'content-type': 'application/json',
      });
      response.end(JSON.stringify(answer ?? {}));
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  #close(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
    this.#server = undefined;
    this.#streams.clear();
  }

  #answer(path: string, body: string): unknown {
    const section = this.#section();
    const { key, generation, chainLength } = section;
    if (path === '/readyz') return { status: 'ok', checks: [] };
    if (path === '/v1/network') {
      const summary = { prefix: 'root', key, generation, chainLength, elders: this.elders, members: NODES };
      return { network: 'stand-in', genesisKey: GENESIS, sections: [summary] };
    }
    if (path === '/v1/sections/root') return section;
    if (path === '/v1/sections/root/chain')
      return { genesisKey: GENESIS, links: chainOf(...SECRETS), nextCursor: null };
    if (path === '/v1/dkg/sessions') return { sessions: [], nextCursor: null };
    if (path.startsWith('/v1/dkg/sessions/')) return this.#session();
    if (path === '/v1/attestations') return this.#bundle(JSON.parse(body) as { readonly payload: string });
    return undefined;
  }

  #bundle({ payload }: { readonly payload: string }): object {
    return bundleOf(Buffer.from(payload, 'base64url'), ...SECRETS);
  }

  #section(): Section {
    const elders = names.map((name, index) => {
      const isLive = !this.#dead.has(`node-${index}`);
      return { name, index, age: 4, publicKeyShare: KEY, live: isLive, usableShare: isLive };
    });
    const members = names.map((name, index) => ({ name, age: 4, elder: index >= this.newcomers }));
    const { prefix, generation } = chainOf(...SECRETS).at(-1)!;
    return {
      prefix,
      key: KEY,
      generation,
      chainLength: 2,
      threshold: 3,
      elders: elders.slice(this.newcomers),
      members,
      signature: null,
    };
  }

  #session(): Session {
    const at = PHASES.indexOf(this.phase!);
    return {
      id: 'ab'.repeat(32),
      prefix: 'root',
      generation: 9,
      attempt: 0,
      state: 'running',
      phase: this.phase!,
      participants: names.map((name, index) => ({ name, index })),
      threshold: 3,
      waitingOn: [],
      blame: [],
      phases: PHASES.map((name, index) => ({
        name,
        startedAt: index <= at && this.phaseMs !== undefined ? this.phaseAt : null,
        endedAt: null,
        durationMs: (index <= at ? this.phaseMs : null) ?? null,
        expected: NODES,
        received: 0,
        closeView: null,
        messages: [],
        close: null,
      })),
      antiEntropy: { requests: 0, messagesRecovered: 0 },
      repairs: [],
      resultKey: null,
      startedAt: AT,
      endedAt: null,
      durationMs: null,
    };
  }

  #follow(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': here\n\n');
    this.#streams.add(response);
    // Whoever came late hears it all the same.
    if (this.phase !== undefined && this.#dead.size > 0) this.#tell(response);
  }

  #tell(stream: ServerResponse): void {
    const session = this.#session();
    const { id, generation, attempt, threshold } = session;
    const started = { session: id, prefix: 'root', generation, attempt, participants: [...names], threshold };
    const events: WitanEvent[] = [
      { id: '1', type: 'dkg.started', at: AT, data: started },
      ...PHASES.slice(1, PHASES.indexOf(this.phase!) + 1).map((phase, index) => ({
        id: String(index + 2),
        type: 'dkg.phase' as const,
        at: AT,
        data: { session: id, phase, expected: NODES },
      })),
    ];
    for (const event of events)
      stream.write(`id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  }
}
