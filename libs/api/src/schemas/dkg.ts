import { type Static, Type } from 'typebox';
import {
  Bytes,
  Count,
  DurationMs,
  described,
  Hash,
  NextCursor,
  NodeName,
  Nullable,
  Prefix,
  PublicKey,
  Reason,
  SessionId,
  Time,
  U32,
} from './primitives.ts';

export const PHASES = [
  'initialisation',
  'contribution',
  'complaining',
  'justification',
  'commitment',
  'finalisation',
] as const;
export const Phase = Type.Enum([...PHASES], { type: 'string', title: 'DkgPhase' });
export type Phase = Static<typeof Phase>;

export const SessionState = Type.Enum(['running', 'stalled', 'done', 'failed'], {
  type: 'string',
  title: 'DkgSessionState',
  description: '`stalled`: below a supermajority, goes on when those in `waitingOn` return',
});
export type SessionState = Static<typeof SessionState>;

export const Participant = Type.Object({ name: NodeName, index: Count }, { title: 'DkgParticipant' });

export const PhaseMessage = Type.Object(
  { from: NodeName, at: described(Time, 'When it came, by the clocks of the participants that say so'), hash: Hash },
  { title: 'DkgPhaseMessage' },
);

export const PhaseClose = Type.Object(
  {
    view: described(U32, '0 when the first proposal was agreed on'),
    included: Type.Array(NodeName, { description: 'Whose messages count' }),
  },
  { title: 'DkgPhaseClose' },
);

export const PhaseView = Type.Object(
  {
    name: Phase,
    startedAt: Nullable(Time),
    endedAt: Nullable(Time),
    durationMs: Nullable(DurationMs),
    expected: Type.Integer({
      minimum: 0,
      description: 'Messages that the phase asks for: 0 for a Justification with nobody accused',
    }),
    received: Count,
    closeView: Nullable(U32),
    messages: Type.Array(PhaseMessage, { description: 'In the order seen' }),
    close: Nullable(PhaseClose),
  },
  { title: 'DkgPhaseView' },
);
export type PhaseView = Static<typeof PhaseView>;

export const Blame = Type.Object(
  {
    node: NodeName,
    reason: Reason,
    phase: Phase,
    evidence: Type.Array(Bytes, { description: 'The signed messages that prove it, exact bytes' }),
  },
  { title: 'DkgBlame' },
);

export const Repair = Type.Object(
  {
    node: described(NodeName, 'Who lacked something and got it'),
    at: Time,
    recovered: Type.Integer({ minimum: 0, description: 'Messages and closes' }),
    reason: described(Reason, 'Why it asked: `later-phase`, `missing-message`, `no-progress`, `restart`, `more`'),
  },
  { title: 'DkgRepair' },
);

export const Session = Type.Object(
  {
    id: SessionId,
    prefix: Prefix,
    generation: U32,
    attempt: Type.Integer({
      minimum: 0,
      description:
        '0 for the first try. One after a failed session leaves out the blamed, and the silent in whose place others come; ' +
        'one after a session that was done is among the same: not everybody who was there had a share',
    }),
    state: SessionState,
    phase: described(Phase, 'The current one; of an ended session the last one it was in'),
    participants: Type.Array(Participant),
    threshold: Type.Integer({ minimum: 1 }),
    waitingOn: Type.Array(NodeName),
    blame: Type.Array(Blame),
    phases: Type.Array(PhaseView, {
      minItems: 6,
      maxItems: 6,
      description: 'All six, in order; `startedAt` is null for those to come',
    }),
    antiEntropy: Type.Object({ requests: Count, messagesRecovered: Count }),
    repairs: Type.Array(Repair),
    resultKey: Nullable(PublicKey),
    startedAt: described(
      Nullable(Time),
      'null: it ended before this gateway listened, and nobody who took part remembers when anything in it was',
    ),
    endedAt: described(Nullable(Time), 'null while it runs, and where `startedAt` is null'),
    durationMs: Nullable(DurationMs),
  },
  { title: 'DkgSession' },
);
export type Session = Static<typeof Session>;

/** Whether it has ended, well or badly, even if nobody remembers when. */
export function isOver({ state }: Session): boolean {
  return state === 'done' || state === 'failed';
}

export const SessionList = Type.Object(
  { sessions: Type.Array(Session), nextCursor: NextCursor },
  { title: 'DkgSessionList' },
);
export type SessionList = Static<typeof SessionList>;
