/** Runs `work` soon after it was asked for, once for all that asked meanwhile, never twice at a time. */
export interface Coalesced {
  /** Asks for a run; does not wait for it. A run that failed makes the next request throw its error. */
  request(): void;
  /** Runs once more if asked for since the last run began, and waits for the end of all. */
  finish(): Promise<void>;
}

export function coalesce(work: () => Promise<void>, pauseMs: number): Coalesced {
  let wanted = false;
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let failure: { readonly error: unknown } | undefined;

  const start = (): void => {
    timer = undefined;
    wanted = false;
    running = work()
      .catch((error: unknown) => {
        failure = { error };
      })
      .finally(() => {
        running = undefined;
        if (wanted) schedule();
      });
  };
  const schedule = (): void => {
    timer ??= setTimeout(start, pauseMs);
  };
  const rethrow = (): void => {
    if (failure !== undefined) throw failure.error;
  };

  return {
    request() {
      rethrow();
      wanted = true;
      if (running === undefined) schedule();
    },
    async finish() {
      while (running !== undefined || timer !== undefined) {
        if (timer !== undefined) {
          clearTimeout(timer);
          start();
        }
        await running;
      }
      rethrow();
    },
  };
}
