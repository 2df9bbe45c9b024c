const REASONS = { SIGINT: 'Ctrl-C', SIGTERM: 'SIGTERM', SIGHUP: 'the terminal is gone' } as const;
/** Of a second Ctrl-C: 128 + SIGINT. */
const CUT_SHORT_EXIT = 130;
/** One Ctrl-C comes twice at once: from the terminal, and from npm, which passes it on. */
const ECHO_MS = 1_000;

/**
 * Resolves with why to stop. Asked a second time by a person, everything ends at once: `kill` has to see to it.
 * What the terminal's end or that of a parent's channel says is said once.
 */
export function stopReason(kill: () => void): Promise<string> {
  return new Promise((resolve) => {
    let interruptedAt: number | undefined;
    for (const [signal, reason] of Object.entries(REASONS)) {
      process.on(signal, () => {
        resolve(reason);
        if (signal !== 'SIGINT') return;
        interruptedAt ??= performance.now();
        if (performance.now() - interruptedAt < ECHO_MS) return;
        kill();
        process.exit(CUT_SHORT_EXIT);
      });
    }
    // Started through a channel: it closes when the one who started this is gone, kill -9 included.
    process.once('disconnect', () => resolve('the process that started this is gone'));
    // What is shown goes nowhere any more, `npm start | head` say: the cluster is of no use then. A full disk passes.
    process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (code !== 'ENOSPC' && code !== 'EDQUOT') resolve('the output is closed');
    });
  });
}
