// Ctrl-C as a wish to stop: the first is noted, a later one ends the process at once.

export interface Interruption {
  /** Aborted once the user wants the work to end. */
  readonly signal: AbortSignal;
  /** Leaves Ctrl-C alone again. */
  dispose(): void;
}

/** Listens to SIGINT and SIGTERM; `notice` is called at the first. */
export function interruption(notice: () => void): Interruption {
  const controller = new AbortController();
  let interruptedAt = 0;
  const interrupt = () => {
    // npm passes Ctrl-C on that the terminal has sent us already; only a later one is somebody's impatience.
    if (controller.signal.aborted && Date.now() - interruptedAt > 1000) process.exit(130);
    if (controller.signal.aborted) return;
    interruptedAt = Date.now();
    controller.abort();
    notice();
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, interrupt);
  return {
    signal: controller.signal,
    dispose() {
      for (const signal of signals) process.off(signal, interrupt);
    },
  };
}
