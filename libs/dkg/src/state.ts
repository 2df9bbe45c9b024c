import * as agreement from '@witan/agreement';
import { type Answered, firstTurn } from '@witan/anti-entropy';
import type { G1Point, Identity, Scalar } from '@witan/crypto';
import type { Signed } from '@witan/wire';
import type { Dealing } from './dealing.ts';
import { type CloseValue, type Payload, type PayloadOf, type PayloadType, phaseOf } from './messages.ts';
import { CLOSED_PHASES, PHASES, Phase } from './phases.ts';
import { closeInstance, type Session } from './session.ts';
import type { Repair } from './share-repair/repair.ts';

export interface Params {
  /** How long a phase waits for everyone before a supermajority may close it. */
  readonly deadlineMs: number;
  /** How long a message of a later phase is held before its sender is asked; most gaps close by themselves sooner. */
  readonly catchUpMs: number;
  /** Without progress for this long a participant of seven asks another one; doubles up to `progressMaxMs`. */
  readonly progressMs: number;
  readonly progressMaxMs: number;
  /** How long an answer is awaited, among seven, before somebody else is asked. */
  readonly patienceMs: number;
  /** How long after the question an answer is still taken, though somebody else has been asked meanwhile. */
  readonly requestTimeoutMs: number;
  readonly timeouts: agreement.Options['timeouts'];
}

export const DEFAULT_PARAMS: Params = {
  deadlineMs: 2000,
  catchUpMs: 40,
  progressMs: 80,
  progressMaxMs: 800,
  patienceMs: 80,
  requestTimeoutMs: 400,
  timeouts: { proposeMs: 150, prevoteMs: 150, precommitMs: 150, growthMs: 150, maxMs: 4000 },
};

/** What a participant is given and never changes. */
export interface Env {
  readonly identity: Identity;
  readonly network: Uint8Array;
  readonly params: Params;
  /** A coordinator: takes no part, and proposes the close of each phase in its open first view. */
  readonly proposes?: boolean;
}

/** A message of the session that has been verified and judged valid. */
export interface Accepted<T extends PayloadType = PayloadType> {
  readonly sender: number;
  readonly signed: Signed;
  readonly payload: PayloadOf<T>;
  /** Decoded commitment of a Contribution or Commitment message. */
  readonly points: readonly G1Point[];
}

export interface Share {
  readonly value: Scalar;
  readonly blind: Scalar;
}

export interface Close {
  readonly value: CloseValue;
  readonly hash: string;
  readonly view: number;
  /** Sender to the id of the message that counts. */
  readonly included: ReadonlyMap<number, string>;
  /** As it is stored and sent to others, with the votes that prove it. */
  readonly certificate: Uint8Array;
}

/** A closed set: it is in the REST contract, and labels a metric. */
export const BLAME_REASONS = [
  'equivocation',
  'invalid-message',
  'too-many-complaints',
  'not-justified',
  'false-accusation',
  'false-commitment',
  'bad-signature-share',
] as const;
export type BlameReason = (typeof BLAME_REASONS)[number];

export interface Blame {
  readonly node: string;
  readonly reason: BlameReason;
  readonly phase: Phase;
  /** The signed bytes that prove it: messages, and for one who did not answer the certificate of the close. */
  readonly evidence: readonly Uint8Array[];
}

/** What all honest participants compute alike. */
export interface Outcome {
  readonly key: Uint8Array;
  readonly publicKeyShares: readonly Uint8Array[];
  readonly qualified: readonly number[];
  readonly transcript: Uint8Array;
  /** Of the transcript by the new key; there once the session is done. */
  readonly signature: Uint8Array | undefined;
}

export interface Held {
  readonly signed: Signed;
  /** When it came. */
  readonly at: number;
  /** In which it is taken. */
  readonly phase: Phase;
  readonly sender: number;
  /** Phase that it is a message of; undefined for votes and proposals. One that came with a vote is taken a phase before. */
  readonly messageOf: Phase | undefined;
}

/** A message of the next phase that came with its author's vote for the close of the running one. */
export interface Ahead {
  readonly sender: number;
  readonly signed: Signed;
  readonly payload: Payload;
  /** When it came. */
  readonly at: number;
  /** Hash of the close that it follows. */
  readonly after: string;
  /** Its points, where they need not be decoded: of an own message. */
  readonly points: readonly G1Point[] | undefined;
}

/** What a close says of shares and key. */
export type Conclusion = Partial<Pick<State, 'shares' | 'badDealers' | 'outcome' | 'secretShare'>>;

/** What was known when the deadline of the running phase passed: what comes later changes no verdict. */
export interface AtDeadline {
  /** Senders of messages. */
  readonly heard: ReadonlySet<number>;
  /** Senders of signs that they are there. */
  readonly present: ReadonlySet<number>;
}

export interface State {
  readonly env: Env;
  readonly session: Session;
  /** Own index; -1 when this node only follows. */
  readonly me: number;
  /** Whether the session has begun here: before that nothing is said, not even after a restart. */
  readonly started: boolean;
  /** Destroyed once the key is in use. Everything secret of the session is derived from it. */
  readonly seed: Uint8Array | undefined;
  readonly phase: Phase;
  /** By phase, sender to the message seen first. */
  readonly messages: readonly ReadonlyMap<number, Accepted>[];
  /** All accepted messages by id: more than one a sender only if it said two things. */
  readonly variants: ReadonlyMap<string, Accepted>;
  /** Dealer, then sender. */
  readonly openings: ReadonlyMap<number, ReadonlyMap<number, Accepted<'opening'>>>;
  readonly closes: readonly (Close | undefined)[];
  /** Decided, and some of what it includes is not here yet. */
  readonly pendingClose: Close | undefined;
  readonly agreement: agreement.State;
  /** Hash of the close that this coordinator proposed last. */
  readonly proposed: string | undefined;
  /** Whether the participants should have closed the running phase by themselves: everybody is there. */
  readonly overdue: 'no' | 'soon' | 'yes';
  /** What was here when the running phase came to its deadline; undefined until then. */
  readonly atDeadline: AtDeadline | undefined;
  /** Participants who have said, towards the deadline of the running phase or after it, that they are there. */
  readonly present: ReadonlySet<number>;
  readonly held: ReadonlyMap<string, Held>;
  /** By id, the own among them. They count when the running phase closes as they say. */
  readonly ahead: ReadonlyMap<string, Ahead>;
  /** What follows if the running phase closes as this participant has voted: computed once, for what it said ahead. */
  readonly supposed: { readonly close: Close; readonly conclusion: Conclusion } | undefined;
  /** Own shares that verified, by dealer; set when Contribution closes. */
  readonly shares: ReadonlyMap<number, Share>;
  readonly badDealers: readonly number[];
  /** Dealers in the final set; set when Justification closes, or Complaining if there is nobody to justify. */
  readonly qualified: readonly number[] | undefined;
  readonly equivocators: ReadonlySet<number>;
  /** Dealers that have shown a false commitment: nobody waits for another one of theirs. */
  readonly falseDealers: ReadonlySet<number>;
  /** Finalisation messages whose signature share did not verify. */
  readonly badSignatures: ReadonlySet<number>;
  readonly blame: readonly Blame[];
  readonly outcome: Outcome | undefined;
  /** Own dealing, kept in memory so that it is computed once. */
  readonly dealing: Dealing | undefined;
  /** Own share of the new key. */
  readonly secretShare: Scalar | undefined;
  /** Whether the end of the session is in the journal, which a restart must not write there once more. */
  readonly recorded: boolean;
  readonly failed: string | undefined;
  /** The session has counted what another journal of this node said: what else that one held is not known here. */
  readonly forgot: boolean;
  /** The own share of a key that is made without it is being asked for. */
  readonly repair: Repair | undefined;
  readonly progress: Progress;
}

/** What anti-entropy remembers between its timers. */
export interface Progress {
  /** Grows whenever something new is learnt. */
  readonly learnt: number;
  readonly learntAtLastTick: number;
  /** How near to its end the running phase was at the last tick, or as it began. */
  readonly standing: string;
  /** From the last tick to the next; doubles while nothing moves. */
  readonly waitMs: number;
  /** Questions in a row that nobody answered, since something was learnt last. */
  readonly unanswered: number;
  /** Whose turn it is to be asked; of those who say that they are ahead, counted for itself. */
  readonly turn: number;
  readonly turnAhead: number;
  /** Answers in a row that were asked on from, and brought the phase no nearer to its end. */
  readonly followed: number;
  /** The peer whose answer is awaited, if any. */
  readonly asking: string | undefined;
  /** Peers whose answer is awaited no longer, and taken if it comes. */
  readonly overdue: ReadonlySet<string>;
  readonly stalled: boolean;
  /** When each peer was last answered, for rate limiting. */
  readonly answered: Answered;
  /** When each peer was last helped to its share, and the last answers to it, by the id of the question. */
  readonly helped: Answered;
  readonly help: ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>;
}

export function emptyState(env: Env, session: Session): State {
  const me = session.indexOf.get(env.identity.name) ?? -1;
  return {
    env,
    session,
    me,
    started: false,
    seed: undefined,
    phase: Phase.Initialisation,
    messages: PHASES.map(() => new Map()),
    variants: new Map(),
    openings: new Map(),
    closes: Array.from({ length: CLOSED_PHASES }, () => undefined),
    pendingClose: undefined,
    agreement: freshAgreement(env, session, me, Phase.Initialisation),
    proposed: undefined,
    overdue: 'no',
    atDeadline: undefined,
    present: new Set(),
    held: new Map(),
    ahead: new Map(),
    supposed: undefined,
    shares: new Map(),
    badDealers: [],
    qualified: undefined,
    equivocators: new Set(),
    falseDealers: new Set(),
    badSignatures: new Set(),
    blame: [],
    outcome: undefined,
    dealing: undefined,
    secretShare: undefined,
    recorded: false,
    failed: undefined,
    forgot: false,
    repair: undefined,
    progress: {
      learnt: 0,
      learntAtLastTick: 0,
      standing: '',
      unanswered: 0,
      waitMs: 0,
      turn: me < 0 ? firstTurn(env.identity.name) : me + 1,
      turnAhead: 0,
      followed: 0,
      asking: undefined,
      overdue: new Set(),
      stalled: false,
      answered: new Map(),
      helped: new Map(),
      help: new Map(),
    },
  };
}

export function freshAgreement(env: Env, session: Session, me: number, phase: Phase): agreement.State {
  return agreement.initial({
    instance: closeInstance(session, phase),
    members: session.participants.length,
    me,
    quorum: session.quorum,
    firstLeader: phase % session.participants.length,
    openFirstView: true,
    fastPath: true,
    timeouts: env.params.timeouts,
  });
}

export function isDone(state: State): boolean {
  return state.outcome?.signature !== undefined;
}

const NO_CLOSE = '00'.repeat(32);

/** Hash of the close that messages of `phase` follow; zeros for the first. */
export function closeBefore({ closes }: Pick<State, 'closes'>, phase: Phase): string {
  return closes.slice(0, phase).findLast((close) => close !== undefined)?.hash ?? NO_CLOSE;
}

/** Whether it is what this sender has to say in a phase; an opening is said beside that. */
export function isWord(
  { sender, payload: { type } }: { readonly sender: number; readonly payload: { readonly type: PayloadType } },
  phase: Phase,
  of: number,
): boolean {
  return sender === of && type !== 'opening' && phaseOf(type) === phase;
}

/** The message of `sender` that counts in a phase that has closed. */
export function counted<T extends PayloadType>(state: State, phase: Phase, sender: number): Accepted<T> | undefined {
  const id = state.closes[phase]?.included.get(sender);
  const message = id === undefined ? undefined : (state.variants.get(id) as Accepted<T> | undefined);
  return message && isWord(message, phase, sender) ? message : undefined;
}

export function allCounted<T extends PayloadType>(state: State, phase: Phase): readonly Accepted<T>[] {
  const senders = [...(state.closes[phase]?.included.keys() ?? [])];
  return senders.flatMap((sender) => counted<T>(state, phase, sender) ?? []);
}
