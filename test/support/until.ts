import { setTimeout as wait } from 'node:timers/promises';

/** As long as a slow machine may take, and less than a test may. */
const PATIENCE = 180_000;

/**
 * Resolves once `condition` holds, which is asked each `every` ms. What it says no to for three minutes is an error that
 * names `what` was awaited: the limit is there for what never comes, and says nothing of speed.
 */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  { every = 20 } = {},
): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${PATIENCE / 1000} s in vain until ${what}`);
    await wait(every);
  }
}
