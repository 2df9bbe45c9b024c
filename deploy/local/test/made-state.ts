import type { Section, Session } from '@witan/api';
import type { ClusterState, Summary } from '../src/state.ts';
import type { ProcessState, ProcessStatus } from '../src/supervisor.ts';

export const AT = '2026-01-02T03:04:05.678Z';
export const name = (index: number) => `${index}`.repeat(64);
export const key = (digit: string) => digit.repeat(96);

export const process_ = (name: string, state: ProcessState, more: Partial<ProcessStatus> = {}): ProcessStatus => ({
  name,
  state,
  pid: 1,
  restarts: 0,
  ready: undefined,
  lastEnd: undefined,
  ...more,
});

export function section(usable: number, elders = 7): Section {
  return {
    prefix: 'root',
    key: key('a'),
    generation: 9,
    chainLength: 3,
    threshold: Math.floor((2 * elders) / 3) + 1,
    elders: Array.from({ length: elders }, (_, index) => ({
      name: name(index),
      index,
      age: 5,
      publicKeyShare: key('b'),
      live: index < usable,
      usableShare: index < usable,
    })),
    members: Array.from({ length: 9 }, (_, index) => ({ name: name(index), age: 5, elder: index < elders })),
    signature: null,
  };
}

export function session(): Session {
  const phase = (title: Session['phase'], more: Partial<Session['phases'][number]> = {}) => ({
    name: title,
    startedAt: null,
    endedAt: null,
    durationMs: null,
    expected: 7,
    received: 0,
    closeView: null,
    messages: [],
    close: null,
    ...more,
  });
  return {
    id: name(4),
    prefix: 'root',
    generation: 8,
    attempt: 1,
    state: 'stalled',
    phase: 'contribution',
    participants: Array.from({ length: 7 }, (_, index) => ({ name: name(index), index })),
    threshold: 5,
    waitingOn: [name(5), name(6)],
    blame: [],
    phases: [
      phase('initialisation', { startedAt: AT, endedAt: AT, durationMs: 12, received: 7, closeView: 0 }),
      phase('contribution', { startedAt: AT, received: 4 }),
      phase('complaining'),
      phase('justification', { expected: 0 }),
      phase('commitment'),
      phase('finalisation'),
    ],
    antiEntropy: { requests: 2, messagesRecovered: 3 },
    repairs: [],
    resultKey: null,
    startedAt: AT,
    endedAt: null,
    durationMs: null,
  };
}

export const SUMMARY: Summary = {
  resumed: false,
  tookMs: 8_400,
  genesisKey: key('c'),
  sectionKey: key('a'),
  chainLength: 3,
  threshold: 5,
  elders: 7,
  url: 'http://127.0.0.1:8080',
  metrics: [
    { name: 'node-0-elder', url: 'http://127.0.0.1:9001' },
    { name: 'gateway', url: 'http://127.0.0.1:9002' },
  ],
  memory: { processes: 23, rssBytes: 1_500e6, pssBytes: 900e6 },
  dataDir: `${process.cwd()}/.witan`,
};

export const state = (more: Partial<ClusterState> = {}): ClusterState => ({
  nodes: 2,
  elderCount: 7,
  resuming: false,
  stopping: false,
  elapsedMs: 1_234,
  processes: [
    process_('nats', 'ready'),
    process_('gateway', 'starting'),
    process_('coordinator', 'waiting'),
    process_('node-0-elder', 'ready'),
    process_('node-1-elder', 'restarting', { lastEnd: 'killed by SIGKILL' }),
    process_('node-0-adult', 'ready'),
    process_('node-1-adult', 'failed', { lastEnd: 'exit code 78' }),
  ],
  picture: { section: undefined, session: undefined },
  repairs: { requests: 0, messages: 0 },
  summary: undefined,
  ...more,
});
