import { openCertified } from '@witan/chain';
import { Identity } from '@witan/crypto';
import {
  DEFAULT_PARAMS,
  type DkgReport,
  type Env,
  type Event,
  initialState,
  openSession,
  type State,
} from '@witan/dkg';
import { MemoryJournal } from '@witan/journal';
import { Actor, type Machine, type Sealer, type Sealing, VirtualClock } from '@witan/runtime';
import { Random, SimNetwork } from '@witan/simulator';
import { networkTag } from '@witan/wire';
import { BenchChain } from '../dkg/chain.ts';
import { type RetryState, storeAndRetryNode } from './store-and-retry-node.ts';
import type { Tally } from './tally.ts';
import { witanNode } from './witan-node.ts';

export const CONTENDERS = ['witan', 'store-and-retry'] as const;
export type Contender = (typeof CONTENDERS)[number];

export interface RunOptions {
  readonly contender: Contender;
  readonly participants: number;
  readonly seed: number;
  /** Share of all messages that is lost or late, half of it each. */
  readonly rate: number;
}

export interface RunFigures extends Readonly<Tally> {
  /** Broadcasts, requests and answers that nodes have sent until all were done. */
  readonly messages: number;
  /** Of these, what goes to each node: a broadcast is one for each that listens. */
  readonly packets: number;
  readonly kilobytes: number;
  /** Virtual time until every participant had its share; undefined if not within `GIVE_UP_MS`. */
  readonly finishMs: number | undefined;
}

const NETWORK = 'bench';
const TAG = networkTag(NETWORK);
const GIVE_UP_MS = 120_000;
/** A late message takes up to so long on top: several phases. */
const LATE_MS = 400;
const CLEAR: Sealer = { seal: (plain) => plain, open: (sealed) => sealed };

/** One session in virtual time, a coordinator beside the participants, every one of whom has the DkgStart. */
export function runOnce({ contender, participants, seed, rate }: RunOptions): RunFigures {
  const clock = new VirtualClock();
  const random = new Random(seed);
  const network = new SimNetwork(clock, random.fork());
  const lost = rate / 2;
  network.weather = { drop: lost, duplicate: 0, delayMs: [1, 3], slow: lost / (1 - lost), slowMs: LATE_MS };
  const tally: Tally = { tried: 0, failed: 0 };
  let messages = 0;
  let bytesCarried = 0;
  network.onSend = () => {
    messages++;
  };
  network.onArrival = ({ bytes }) => {
    bytesCarried += bytes.length;
  };
  const identities = Array.from({ length: participants }, () => Identity.fromSeed(random.bytes(32)));
  const session = startedSession(identities);
  const done = new Set<string>();

  const attach = (identity: Identity, isCoordinator: boolean) => {
    const env: Env = { identity, network: TAG, params: DEFAULT_PARAMS, proposes: isCoordinator };
    const transport = network.attach(identity.name);
    const common = {
      name: identity.name,
      stream: new MemoryJournal().stream('dkg'),
      clock,
      sealing: { sealer: CLEAR, node: identity.name, isSecret: () => false },
      ports: {
        broadcast: transport.publish,
        request: transport.request,
        reply: (id: string, bytes: Uint8Array) => replies.get(id)?.(bytes),
        report: (report: unknown) => {
          const { type } = report as DkgReport;
          if (type === 'done' && !isCoordinator) done.add(identity.name);
        },
      },
    };
    const replies = new Map<string, (bytes: Uint8Array) => void>();
    const actor = makeActor(contender, tally, initialState(env, session), common);
    transport.subscribe('section.root.dkg.*', (bytes) => actor.send({ type: 'received', bytes, at: clock.now() }));
    transport.serve('ae.dkg', (bytes, respond) => {
      const id = String(replies.size);
      replies.set(id, respond);
      actor.send({ type: 'request', id, bytes, at: clock.now() });
    });
    actor.start();
    return () => actor.send({ type: 'start', seed: isCoordinator ? undefined : random.bytes(32), at: clock.now() });
  };

  const starts = [...identities.map((each) => attach(each, false)), attach(Identity.fromSeed(random.bytes(32)), true)];
  for (const start of starts) start();
  while (done.size < participants && clock.now() < GIVE_UP_MS && clock.step());
  const finishMs = done.size === participants ? clock.now() : undefined;
  return { ...tally, messages, packets: network.counts.packets, kilobytes: bytesCarried / 1024, finishMs };
}

interface CommonOptions {
  readonly name: string;
  readonly stream: ReturnType<MemoryJournal['stream']>;
  readonly clock: VirtualClock;
  readonly sealing: Sealing;
  readonly ports: ConstructorParameters<typeof Actor>[0]['ports'];
}

interface Sends {
  start(): void;
  send(event: Event): boolean;
}

function makeActor(contender: Contender, tally: Tally, inner: State, common: CommonOptions): Sends {
  if (contender === 'witan') return actorOf(witanNode(tally), () => inner, common);
  const empty = (): RetryState => ({ inner, store: new Map(), spent: new Set(), said: [] });
  return actorOf(storeAndRetryNode(tally), empty, common);
}

function actorOf<S>(machine: Machine<S, Event>, initial: () => S, common: CommonOptions): Sends {
  return new Actor<S, Event>({
    ...common,
    machine,
    initial,
    onCrash: ({ error }) => {
      throw error;
    },
  });
}

function startedSession(identities: readonly Identity[]) {
  const chain = new BenchChain(
    NETWORK,
    [...identities].sort((a, b) => (a.name < b.name ? -1 : 1)),
  );
  chain.genesis();
  return openSession(openCertified(chain.dkgStart().certified, chain.genesisKey));
}
