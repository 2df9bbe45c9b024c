/**
 * How Node is started for a service. Many of them share a machine, so each is given little room to keep garbage in, and
 * V8 does its own work (collecting, compiling) on the one thread there is: beside each other the threads of twenty
 * processes cost a DKG more CPU than they save it. One arena for malloc instead of one a thread saves 7 MB in each.
 */
export const NODE_FLAGS = ['--max-old-space-size=128', '--max-semi-space-size=1', '--single-threaded'] as const;

/**
 * An elder makes more garbage in a DKG than there is room for in that: it would be collected a dozen times. And its heap
 * would be walked from end to end twice while it grows to its size, in steps that make each of the first sessions longer.
 * A session calls most functions a few dozen times: by V8's own thresholds (400 and 500) they would be compiled in the
 * tenth or fiftieth session of a process, and run slowly until then. TurboFan, which takes ten milliseconds for a
 * function that runs well enough as Maglev left it, waits for what is called without end. What is young is collected
 * between sessions (`collectWhileIdle`).
 */
export const ELDER_NODE_FLAGS = [
  ...NODE_FLAGS,
  '--max-semi-space-size=8',
  '--min-semi-space-size=8',
  '--initial-old-space-size=64',
  '--invocation-count-for-maglev=200',
  '--minimum-invocations-after-ic-update=20',
  '--invocation-count-for-turbofan=12000',
  '--expose-gc',
] as const;
export const NODE_ENV = { MALLOC_ARENA_MAX: '1' } as const;
