import type { OperationCounts } from '@witan/crypto';

/** What a process of the benchmark has used since it was told to prepare. */
export interface Sample {
  /** On all threads: JavaScript, garbage collection, compilation, I/O. */
  readonly cpuMs: number;
  /** On the main thread: all but compiling and collecting garbage beside it. */
  readonly mainMs: number;
  readonly counts: OperationCounts;
}

/** What does not happen in a session where nothing is late: questions to others, closes that took a second view. */
export interface Detours {
  readonly asked: number;
  readonly laterViews: number;
}

export interface PhaseBegin {
  readonly phase: string;
  readonly at: bigint;
}

/** From the bench to one of its processes. */
export type Command =
  | { readonly type: 'prepare' }
  | { readonly type: 'sample' }
  | { readonly type: 'profile'; readonly file: string | undefined }
  | { readonly type: 'stop' };

/** From a process to the bench. Moments are nanoseconds of the machine's monotonic clock, which all processes share. */
export type Notice =
  | { readonly type: 'ready' }
  | { readonly type: 'generation'; readonly generation: number }
  | { readonly type: 'prepared' }
  | {
      readonly type: 'done';
      readonly session: string;
      readonly usableShare: boolean;
      readonly at: bigint;
      readonly sample: Sample;
    }
  /** What was used since `prepare`, and what happened here since. */
  | {
      readonly type: 'sample';
      readonly sample: Sample;
      readonly phases: readonly PhaseBegin[];
      readonly detours: Detours;
    }
  | { readonly type: 'profiled' }
  | { readonly type: 'trouble'; readonly detail: string };

/** How a process is told what it is: in its environment, as JSON. */
export interface Role {
  readonly role: 'participant' | 'coordinator';
  readonly natsUrl: string;
  readonly network: string;
  readonly genesisKeyHex: string;
  readonly seedHex: string;
  readonly dataDir: string;
}

export const ROLE_VARIABLE = 'WITAN_BENCH_ROLE';
