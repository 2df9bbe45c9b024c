import { type Static, type TProperties, Type } from 'typebox';
import { Phase } from './dkg.ts';
import {
  Age,
  Count,
  DurationMs,
  Hash,
  NodeName,
  Prefix,
  PublicKey,
  Reason,
  SessionId,
  Time,
  U32,
} from './primitives.ts';

const event = <const T extends string, P extends TProperties>(type: T, description: string, data: P) =>
  Type.Object(
    { id: Type.String({ minLength: 1 }), type: Type.Literal(type), at: Time, data: Type.Object(data) },
    { description },
  );

/** A session goes on by the end of what it waited in: that is told, and nothing beside it. */
const STALL_ENDS = 'The next `dkg.closed`, `dkg.phase`, `dkg.done` or `dkg.failed` of the session says that it goes on';

export const EVENTS = {
  'dkg.started': event('dkg.started', 'A session was started', {
    session: SessionId,
    prefix: Prefix,
    generation: U32,
    attempt: Count,
    participants: Type.Array(NodeName),
    threshold: Type.Integer({ minimum: 1 }),
  }),
  'dkg.phase': event('dkg.phase', 'A phase began', { session: SessionId, phase: Phase, expected: Count }),
  'dkg.message': event('dkg.message', 'A message of the phase was seen for the first time', {
    session: SessionId,
    phase: Phase,
    from: NodeName,
    hash: Hash,
    received: Count,
    expected: Count,
  }),
  'dkg.closed': event('dkg.closed', 'The participants agreed on the end of the phase', {
    session: SessionId,
    phase: Phase,
    view: U32,
    included: Type.Array(NodeName),
    durationMs: DurationMs,
  }),
  'dkg.repaired': event('dkg.repaired', 'Anti-entropy brought a node what it lacked', {
    session: SessionId,
    node: NodeName,
    recovered: Count,
    reason: Reason,
  }),
  'dkg.blamed': event('dkg.blamed', 'A participant was caught; the session holds the evidence', {
    session: SessionId,
    node: NodeName,
    reason: Reason,
    phase: Phase,
  }),
  'dkg.stalled': event('dkg.stalled', `Below a supermajority: waits for these. ${STALL_ENDS}`, {
    session: SessionId,
    phase: Phase,
    waitingOn: Type.Array(NodeName),
  }),
  'dkg.done': event('dkg.done', 'The session made a key and the key has signed', {
    session: SessionId,
    resultKey: PublicKey,
    durationMs: DurationMs,
  }),
  'dkg.failed': event('dkg.failed', 'The session cannot end; the elders may decide on another attempt', {
    session: SessionId,
    phase: Phase,
    reason: Reason,
  }),
  decision: event('decision', 'The elders decided a generation', {
    prefix: Prefix,
    generation: U32,
    view: U32,
    kind: Reason,
  }),
  membership: event('membership', 'A node changed its place', {
    prefix: Prefix,
    generation: U32,
    node: NodeName,
    age: Age,
    change: Type.Enum(['joined', 'left', 'relocated', 'promoted', 'demoted'], { type: 'string' }),
  }),
  handover: event('handover', 'A new section key is in use', {
    prefix: Prefix,
    generation: U32,
    key: PublicKey,
    parentKey: PublicKey,
    index: Type.Integer({ minimum: 1, description: 'Of the chain link' }),
  }),
  heartbeat: event('heartbeat', 'A node became reachable or stopped being so', {
    node: NodeName,
    live: Type.Boolean(),
    lastSeen: Time,
  }),
  reset: event('reset', 'What happened since your Last-Event-ID is no longer held here: fetch the state anew', {
    reason: Type.Enum(['unknown-id', 'too-old'], { type: 'string' }),
  }),
} as const;

export type EventType = keyof typeof EVENTS;
export const EVENT_TYPES = Object.keys(EVENTS) as EventType[];

/** What a subscriber gets, discriminated by `type`. */
export type WitanEvent = { [K in EventType]: Static<(typeof EVENTS)[K]> }[EventType];
/** An event before the log has given it its id. */
export type EventInput = { [K in EventType]: Omit<Static<(typeof EVENTS)[K]>, 'id'> }[EventType];

export const Event = Type.Unsafe<WitanEvent>(
  Type.Union(Object.values(EVENTS), {
    title: 'Event',
    description: 'One server-sent event: `id:` is its id, `event:` its type, `data:` the whole of it as JSON',
  }),
);
