/**
 * What `work` gives, or, if it takes longer than `ms` or the signal aborts first, what `otherwise` does; `work` goes on
 * and its error is lost. Leaves nothing behind at the signal.
 */
export async function within<T>(ms: number, work: Promise<T>, otherwise: () => T, signal?: AbortSignal): Promise<T> {
  work.catch(() => {});
  const { promise: over, resolve } = Promise.withResolvers<typeof OVER>();
  const end = () => resolve(OVER);
  const timer = setTimeout(end, ms);
  signal?.addEventListener('abort', end);
  if (signal?.aborted) end();
  try {
    const first = await Promise.race([work, over]);
    return first === OVER ? otherwise() : first;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
}

const OVER = Symbol('over');
