import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../src/simulate/random.ts';
import { type Fault, faults, type Tell } from './faults/index.ts';
import type { ChaosGround } from './ground.ts';
import type { Log } from './log.ts';
import { options, patience } from './options.ts';
import type { FoldProgress } from './progress.ts';
import type { Work } from './watch.ts';

/** A fault that struck. */
export interface Struck {
  readonly kind: string;
  readonly inside: readonly Work[];
}

/** Between two faults, ms: a random time between these. Several may be under way at once. */
const PAUSE = [600, 4_500] as const;
/**
 * Faults come in waves of so many ms. Between two of them all is mended and every partition goes on: a group that never
 * settles has nothing under way to be hit, and how long it takes to go on is worth knowing.
 */
const WAVE = 25_000;
/** How long that may take, ms, and how long it is left in peace then. */
const RECOVER_WITHIN = patience(90_000);
const CALM = 3_000;
/** A fault that has waited for longer goes before all that need the same, ms. */
const LONG = 8_000;
/** How many faults of the plan may wait for what they need while later ones go first. */
const WAITING = 12;

/**
 * Faults one after the other until `until` (ms since the epoch); resolves when all are mended.
 * @returns what struck, what went wrong by the way, and the longest time from mended faults to progress everywhere, ms.
 */
export async function doHarm(seed: number, ground: ChaosGround, until: number, progress: FoldProgress, log: Log) {
  const plan = faults(new Random(seed ^ 0x5eed), ground, options.only);
  const pace = new Random(seed ^ 0xbea7);
  const struck: Struck[] = [];
  const errors: string[] = [];
  const held = new Set<string>();
  const waiting: { readonly fault: Fault; readonly since: number }[] = [];
  const underWay = new Set<Promise<void>>();
  const tell: Tell = (kind, target, inside, more) => {
    struck.push({ kind, inside });
    const where = inside.length === 0 ? '' : `  << inside a ${[...new Set(inside)].join(' and a ')}`;
    log.say(`#${struck.length} ${kind}: ${target}${more === undefined ? '' : `, ${more}`}${where}`, {
      ...{ fault: struck.length, kind, target, inside, more },
    });
  };

  let recovery = 0;
  while (Date.now() < until) {
    const waveEnd = Math.min(until, Date.now() + WAVE);
    while (Date.now() < waveEnd) {
      while (waiting.length < WAITING) waiting.push({ fault: plan.next().value, since: Date.now() });
      const fault = nextFree();
      if (fault !== null) begin(fault);
      await sleep(pace.between(...PAUSE));
    }
    await Promise.all(underWay);
    const ms = await progress.allGoOn(RECOVER_WITHIN);
    recovery = Math.max(recovery, ms ?? RECOVER_WITHIN);
    if (ms === null) errors.push(`no progress in some partition ${RECOVER_WITHIN} ms after all was mended`);
    log.say(ms === null ? '!! some partition stands still' : `all partitions go on ${ms} ms after all was mended`);
    await sleep(CALM);
  }
  return { struck, errors, recovery };

  function nextFree(): Fault | null {
    const taken = new Set(held);
    for (const [i, { fault, since }] of waiting.entries()) {
      if (fault.needs.every((one) => !taken.has(one))) {
        waiting.splice(i, 1);
        return fault;
      }
      if (Date.now() - since > LONG) for (const one of fault.needs) taken.add(one);
    }
    return null;
  }

  function begin(fault: Fault): void {
    for (const one of fault.needs) held.add(one);
    const done = fault
      .run(tell)
      .catch((error: Error) => {
        errors.push(`${fault.kind}: ${error.message}`);
        log.say(`!! ${fault.kind} could not be done: ${error.stack}`);
      })
      .finally(() => {
        for (const one of fault.needs) held.delete(one);
        underWay.delete(done);
      });
    underWay.add(done);
  }
}
