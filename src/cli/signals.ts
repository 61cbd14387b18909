/**
 * A signal that aborts at the first SIGINT or SIGTERM, for an orderly end; the second exits at once, with the code that
 * shells report for it. `stop` removes the handlers.
 */
export function untilSignal(onFirst: (name: string) => void = () => {}): {
  readonly signal: AbortSignal;
  readonly stop: () => void;
} {
  const controller = new AbortController();
  const handlers = [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const;
  const listeners = handlers.map(([name, code]) => {
    const listener = () => {
      if (controller.signal.aborted) process.exit(code);
      onFirst(name);
      controller.abort();
    };
    process.on(name, listener);
    return [name, listener] as const;
  });
  return {
    signal: controller.signal,
    stop: () => {
      for (const [name, listener] of listeners) process.off(name, listener);
    },
  };
}
