/**
 * Asks one after the other: the next where one fails, and beside it where one has not answered after `patience` ms. The
 * first answer counts; those of the others are dropped.
 *
 * @param isFinal an error that is an answer too: no other is asked.
 * @throws such an error, or the last one of them all.
 */
export function firstAnswer<C, T>(
  candidates: readonly C[],
  ask: (candidate: C) => Promise<T>,
  patience: number,
  isFinal: (error: Error) => boolean,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let next = 0;
    let open = 0;
    let timer: NodeJS.Timeout | undefined;
    let over = false;
    const end = (settle: () => void) => {
      over = true;
      clearTimeout(timer);
      settle();
    };
    const begin = () => {
      clearTimeout(timer);
      if (over || next === candidates.length) return;
      open += 1;
      ask(candidates[next++]!).then(
        (answer) => end(() => resolve(answer)),
        (error: Error) => {
          open -= 1;
          if (isFinal(error) || (open === 0 && next === candidates.length)) end(() => reject(error));
          else begin();
        },
      );
      if (next < candidates.length) timer = setTimeout(begin, patience);
    };
    if (candidates.length === 0) reject(new Error('there is nobody to ask'));
    else begin();
  });
}
