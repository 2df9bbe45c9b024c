import { sectionTopic } from '@witan/chain';
import * as dkg from '@witan/dkg';
import { isWitanError, WitanError } from '@witan/errors';
import { Actor, type ActorOptions, type ActorStatus, type EffectPorts, type Sealer } from '@witan/runtime';
import type * as section from '@witan/section';
import { peekEnvelope, sealEnvelope } from '@witan/wire';
import { Allowance } from './allowance.ts';
import type { ElderOptions } from './elder.ts';
import { History, type Told } from './history.ts';
import { answerHistoryRequest, jsonArray, pageOf } from './history-messages.ts';
import { HistoryShelf } from './history-shelf.ts';
import { type Moment, Moments } from './moments.ts';
import type { SessionNews } from './session-news.ts';
import { Strangers } from './strangers.ts';

type Shared = 'identity' | 'prefix' | 'journal' | 'clock' | 'transport' | 'wallClock' | 'random' | 'dkgMachine';

export interface SessionsOptions extends Pick<ElderOptions, Shared> {
  readonly networkTag: Uint8Array;
  readonly params: dkg.Params;
  readonly sealer?: Sealer;
  /** A coordinator watches every session and proposes closes; it holds no secret and has no vote. */
  readonly role: 'elder' | 'coordinator';
  /** Told with when it was so: a session is done when its share is on the disk, and not with the message that ended it. */
  readonly onReport: ((session: dkg.Session, report: dkg.DkgReport, when: Moment) => void) | undefined;
  /** Around everything that a session sends or asks: its trace goes with it. */
  readonly sending: ((session: dkg.Session, send: () => void) => void) | undefined;
  /**
   * The section has gone on without the end of this session, by a further attempt or with the key of another one; or without
   * its key, of which these have shown no share.
   */
  readonly onSuperseded: ((session: dkg.Session, lacking: readonly string[]) => void) | undefined;
  /** Whether this node may take part in a session that was begun in this generation; it may in all, unless given. */
  readonly mayJoin?: (generation: number) => boolean;
  /** A message of no session here was not taken. */
  readonly refused: ((error: WitanError) => void) | undefined;
  readonly portsFor: (onReport: (report: dkg.DkgReport) => void) => EffectPorts;
  readonly supervision: Partial<ActorOptions<dkg.State, dkg.Event>>;
  readonly tellSection: (event: SessionNews) => void;
}

interface Running {
  readonly session: dkg.Session;
  readonly actor: Actor<dkg.State, dkg.Event>;
  readonly history: History;
  /** Entries not yet published. */
  unsent: Told[];
  /** What was seen is on the disk too. */
  isKept: boolean;
  /** How many have shown a share of the key, as the section was told; undefined before it is made. */
  confirmed: number | undefined;
}

/** Reports go out in bundles, so that telling about a session does not slow it down. */
const PUBLISH_AFTER_MS = 250;
/** Two gateways that begin at once ask for some thirty sessions each; a page is read from the disk and signed. */
const HISTORIES_PER_SECOND = 100;

/**
 * The DKG sessions that this node takes part in or watches: begun when the section decides them, kept while anyone may
 * still need help with them, and forgotten when the key after theirs is in use.
 */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #running = new Map<string, Running>();
  readonly #strangers = new Strangers();
  readonly #shelf: HistoryShelf;
  readonly #moments: Moments;
  readonly #histories = new Allowance(HISTORIES_PER_SECOND);
  #ledger: section.Ledger | undefined;
  #stopped = false;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#shelf = new HistoryShelf(options.journal);
    this.#moments = new Moments(options.clock, options.wallClock);
  }

  /** Sessions by id; read only. */
  get all(): ReadonlyMap<string, { readonly session: dkg.Session; readonly state: dkg.State }> {
    return new Map([...this.#running].map(([id, { session, actor }]) => [id, { session, state: actor.state }]));
  }

  /** Whether one has not come to its end yet. */
  get areRunning(): boolean {
    return [...this.#running.values()].some(
      ({ actor }) => !dkg.isDone(actor.state) && actor.state.failed === undefined,
    );
  }

  /** Of the actors of the sessions. */
  get statuses(): readonly ActorStatus[] {
    return [...this.#running.values()].map(({ actor }) => actor.status);
  }

  stop(): void {
    this.#stopped = true;
    for (const { actor } of this.#running.values()) actor.stop();
  }

  /** Takes up what the section has decided: the pending session, and the one that made the current key. */
  follow(ledger: section.Ledger): void {
    const pendingBefore = this.#ledger?.pending?.id;
    this.#ledger = ledger;
    const { mayJoin = () => true } = this.#options;
    const wanted = [ledger.origin, ledger.pending].filter(
      (each) => each !== undefined && mayJoin(each.certified.decision.generation),
    ) as section.PendingSession[];
    for (const each of wanted) this.#ensure(each, ledger);
    this.#strangers.follow(ledger);
    for (const [id, running] of this.#running) {
      if (wanted.some((each) => each.id === id)) continue;
      const { session, actor } = running;
      this.#keep(running);
      actor.stop();
      actor.state.seed?.fill(0);
      this.#running.delete(id);
      if (id === pendingBefore) this.#options.onSuperseded?.(session, dkg.unconfirmed(actor.state));
    }
    if (ledger.origin) this.#useShare(ledger.origin.id);
    const pending = ledger.pending && this.#running.get(ledger.pending.id);
    if (pending) this.#tell(pending);
    this.#forgetAllBut(new Set(wanted.map(({ id }) => streamName(id))));
  }

  /** @param topic names the session; a message that was sent to another session's topic is refused by its machine. */
  receive(bytes: Uint8Array, topic: string, ledger: section.Ledger | undefined): void {
    const running = this.#running.get(topic.slice(topic.lastIndexOf('.') + 1));
    if (running) {
      running.actor.send({ type: 'received', bytes, at: this.#now() });
      return;
    }
    try {
      this.#meetStranger(this.#sessionOf(bytes), bytes, ledger);
    } catch (error) {
      if (!isWitanError(error)) throw error;
      this.#options.refused?.(error);
    }
  }

  /** @throws WitanError `WITAN_ERR_MALFORMED`, `WITAN_ERR_UNSUPPORTED`, `WITAN_ERR_WRONG_SESSION` (not one of those here) */
  request(bytes: Uint8Array, id: string): void {
    const session = this.#sessionOf(bytes);
    const running = this.#running.get(session);
    if (!running) throw new WitanError('WITAN_ERR_WRONG_SESSION', `no session ${session.slice(0, 16)} here`);
    running.actor.send({ type: 'request', id, bytes, at: this.#now() });
  }

  /** @throws WitanError `WITAN_ERR_MALFORMED`, `WITAN_ERR_RATE_LIMITED` */
  historyPage(request: Uint8Array): Uint8Array {
    const { identity, networkTag } = this.#options;
    if (!this.#histories.take(this.#now())) {
      throw new WitanError(
        'WITAN_ERR_RATE_LIMITED',
        `more than ${HISTORIES_PER_SECOND} histories are asked in a second`,
      );
    }
    return answerHistoryRequest(identity, networkTag, request, (id) => {
      const running = this.#running.get(id);
      return [...(running?.isKept ? [] : this.#shelf.get(id)), ...(running?.history.all ?? []).map(({ json }) => json)];
    });
  }

  /** Also what an earlier life of this process could not destroy any more. */
  #forgetAllBut(wanted: ReadonlySet<string>): void {
    const { journal } = this.#options;
    const ended = journal.streams().filter((name) => name.startsWith(STREAM_PREFIX) && !wanted.has(name));
    try {
      for (const name of ended) journal.drop(name);
    } catch (error) {
      // A disk that refuses is told of by whoever has to write; the next decision tries again.
      if (!isWitanError(error)) throw error;
    }
  }

  #now(): number {
    return this.#options.clock.now();
  }

  /**
   * A message of a session that is not known here. If its author is a member, it has a decision that is missing here:
   * the section actor asks it, and the message waits for what that brings.
   */
  #meetStranger(id: string, bytes: Uint8Array, ledger: section.Ledger | undefined): void {
    if (this.#running.has(id)) throw new WitanError('WITAN_ERR_WRONG_SESSION', 'sent to the topic of another session');
    const message = peekEnvelope(bytes, this.#options.networkTag);
    const { author } = message;
    if (ledger && !ledger.members.has(author)) throw new WitanError('WITAN_ERR_NOT_MEMBER', `${author} is no member`);
    // One that is over, or has nothing to do with this node.
    if (this.#strangers.isDecided(id)) return;
    const held = this.#strangers.hold(id, message);
    if (held === 'full') throw new WitanError('WITAN_ERR_RATE_LIMITED', `enough is held of what ${author} says`);
    const generation = (ledger?.generation ?? -1) + 1;
    if (held === 'first') this.#options.tellSection({ type: 'behind', node: author, generation, at: this.#now() });
  }

  #sessionOf(bytes: Uint8Array): string {
    const id = dkg.sessionOf(bytes, this.#options.networkTag);
    if (id !== undefined) return id;
    // Says what is wrong with it, if that is known: a newer version is another answer.
    peekEnvelope(bytes, this.#options.networkTag);
    throw new WitanError('WITAN_ERR_MALFORMED', 'not a message of a session');
  }

  #ensure(pending: section.PendingSession, ledger: section.Ledger): void {
    if (this.#running.has(pending.id)) return;
    const { identity, params, networkTag, clock, journal, sealer, random, role } = this.#options;
    const session = dkg.openSession(pending.certified);
    const takesPart = session.indexOf.has(identity.name);
    const watches = role === 'coordinator' || ledger.elders.some((elder) => elder.name === identity.name);
    if (!takesPart && !watches) return;
    const env: dkg.Env = { identity, network: networkTag, params, proposes: role === 'coordinator' };
    const history = new History();
    const actor = new Actor<dkg.State, dkg.Event>({
      name: streamName(session.id),
      machine: this.#options.dkgMachine ?? dkg.dkgMachine(),
      initial: () => dkg.initialState(env, session),
      stream: journal.stream(streamName(session.id)),
      clock,
      ...(sealer ? { sealing: { sealer, node: identity.name, isSecret: dkg.isSecretRecord } } : {}),
      ports: this.#portsOf(session),
      ...this.#options.supervision,
    });
    this.#running.set(session.id, { session, actor, history, unsent: [], isKept: false, confirmed: undefined });
    actor.start();
    if (!actor.state.started) actor.tell({ type: 'start', seed: takesPart ? random(32) : undefined, at: this.#now() });
    for (const bytes of this.#strangers.release(session.id)) {
      actor.send({ type: 'received', bytes, at: this.#now() });
    }
  }

  #portsOf(session: dkg.Session): EffectPorts {
    const { portsFor, sending } = this.#options;
    const ports = portsFor((report) => this.#onReport(session.id, report));
    if (!sending) return ports;
    return {
      ...ports,
      broadcast: (...message) => sending(session, () => ports.broadcast(...message)),
      request: (...question) => sending(session, () => ports.request(...question)),
    };
  }

  #onReport(id: string, report: dkg.DkgReport): void {
    const running = this.#running.get(id);
    if (!running) return;
    const when = report.type === 'done' ? this.#moments.now : this.#moments.of(report.at);
    this.#options.onReport?.(running.session, report, when);
    this.#record(running, report, when);
    switch (report.type) {
      case 'done':
        this.#onDone(running);
        break;
      case 'message':
        if (running.confirmed !== undefined && running.confirmed < dkg.confirmed(running.actor.state).length) {
          this.#tell(running);
        }
        break;
      case 'repaired':
        if (this.#ledger?.origin?.id === id) this.#useShare(id);
        break;
      case 'blame':
        if (isLie(running.actor.state, report)) this.#tellBlame(id, report.node);
        break;
      case 'failed':
        this.#tellTrouble(running, 'failed', []);
        break;
      case 'stalled':
        this.#tellTrouble(running, 'running', report.waitingOn);
    }
  }

  #onDone(running: Running): void {
    const { session, actor } = running;
    const { me, secretShare } = actor.state;
    if (me >= 0 && secretShare === undefined) {
      actor.tell({ type: 'repair', secret: this.#options.random(32), at: this.#now() });
    }
    this.#tell(running);
    if (this.#ledger?.origin?.id === session.id) this.#useShare(session.id);
  }

  /**
   * Where a session stands. The section's actor remembers that in memory alone, and hears it again whenever it says where
   * it stands itself, which it does when it has been rebuilt; and one that failed in an earlier process says so only here.
   */
  #tell(running: Running): void {
    const { session, actor } = running;
    const { outcome, failed, blame } = actor.state;
    if (dkg.isDone(actor.state)) {
      const { key, publicKeyShares } = outcome!;
      const confirmed = dkg.confirmed(actor.state);
      running.confirmed = confirmed.length;
      this.#tellStatus(running, {
        state: 'done',
        outcome: { key, publicKeyShares, confirmed },
        blamed: [],
        silent: [],
      });
    } else if (failed !== undefined) this.#tellTrouble(running, 'failed', []);
    else for (const each of blame) if (isLie(actor.state, each)) this.#tellBlame(session.id, each.node);
  }

  #tellBlame(id: string, node: string): void {
    this.#options.tellSection({ type: 'blamed', id, node, at: this.#now() });
  }

  #tellTrouble(running: Running, state: 'failed' | 'running', silent: readonly string[]): void {
    const known = running.actor.state;
    const nodesOf = (blame: readonly dkg.Blame[]) => blame.map(({ node }) => node);
    const blamed = nodesOf(known.blame.filter((each) => isLie(known, each)));
    const unheard = nodesOf(known.blame.filter((each) => !isLie(known, each)));
    this.#tellStatus(running, { state, outcome: undefined, blamed, silent: [...silent, ...unheard] });
  }

  #tellStatus({ session }: Running, status: section.SessionNews): void {
    this.#options.tellSection({ type: 'session', id: session.id, status, at: this.#now() });
  }

  /** The key is in use: the share goes to the section's actor, and what made it is destroyed. */
  #useShare(id: string): void {
    const running = this.#running.get(id);
    if (!running || !dkg.isDone(running.actor.state)) return;
    const { outcome, secretShare, seed } = running.actor.state;
    if (secretShare !== undefined) {
      this.#options.tellSection({ type: 'share', key: outcome!.key, share: secretShare, at: this.#now() });
    }
    if (seed) running.actor.tell({ type: 'retire', at: this.#now() });
  }

  #record(running: Running, report: dkg.DkgReport, { wallMs }: Moment): void {
    const told = running.history.add(report, Math.round(wallMs));
    if (!told || running.actor.state.me < 0) return;
    if (running.unsent.length === 0) {
      this.#options.clock.setTimer(PUBLISH_AFTER_MS, () => this.#publish(running));
    }
    running.unsent.push(told);
    // The end of a session is told before what the section makes of it.
    if (report.type !== 'done' && report.type !== 'failed') return;
    this.#publish(running);
    this.#options.clock.setTimer(PUBLISH_AFTER_MS, () => this.#keep(running));
  }

  /** What a process sees of an end that it only comes back to adds nothing to what is kept. */
  #keep(running: Running): void {
    const { session, history, actor } = running;
    if (this.#stopped || actor.state.me < 0 || this.#shelf.has(session.id)) return;
    this.#shelf.put(
      session.id,
      session.generation,
      history.all.map(({ json }) => json),
    );
    running.isKept = true;
  }

  #publish(running: Running): void {
    const { identity, networkTag, transport, prefix } = this.#options;
    const { session } = running;
    const unsent = running.unsent.map(({ json }) => json);
    running.unsent = [];
    for (let after = 0; after < unsent.length; ) {
      const { entries, next } = pageOf(unsent, after);
      const body = dkg.encodeReports(session, jsonArray(entries));
      const { raw } = sealEnvelope(identity, networkTag, 'dkgReport', body);
      transport.publish(sectionTopic(prefix, 'reports'), raw);
      after = next;
    }
  }
}

/** An accused dealer that did not answer is blamed as well, and may be honest and not heard: to the section that is silence. */
function isLie({ closes, session }: dkg.State, { node, reason }: Pick<dkg.Blame, 'node' | 'reason'>): boolean {
  const answers = closes[dkg.Phase.Justification]?.included;
  return reason !== 'not-justified' || answers?.has(session.indexOf.get(node)!) === true;
}

const STREAM_PREFIX = 'dkg/';

function streamName(session: string): string {
  return STREAM_PREFIX + session;
}
