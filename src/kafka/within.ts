/** What `work` gives, or, if it takes longer than `ms`, what `otherwise` does; `work` goes on and its error is lost. */
export async function within<T>(ms: number, work: Promise<T>, otherwise: () => T): Promise<T> {
  work.catch(() => {});
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => resolve(LATE), ms);
  });
  try {
    const first = await Promise.race([work, late]);
    return first === LATE ? otherwise() : first;
  } finally {
    clearTimeout(timer);
  }
}

const LATE = Symbol('late');
