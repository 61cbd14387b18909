import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../src/simulate/random.ts';
import { type Fault, faults, type Tell } from './faults.ts';
import type { Ground } from './ground.ts';
import type { Log } from './log.ts';
import type { Work } from './watch.ts';

/** A fault that struck. */
export interface Struck {
  readonly kind: string;
  readonly inside: readonly Work[];
}

/** Between two faults, ms: a random time between these. Several may be under way at once. */
const PAUSE = [600, 4_500] as const;
/** Faults come in waves, ms, with a calm between them: a group that never settles has nothing under way to be hit. */
const WAVE = 20_000;
const CALM = 10_000;
/** A fault that has waited for longer goes before all that need the same, ms. */
const LONG = 8_000;
/** How many faults of the plan may wait for what they need while later ones go first. */
const WAITING = 12;

/**
 * Faults one after the other until `until` (ms since the epoch); resolves when all are mended.
 * @returns what struck, and errors of the faults themselves.
 */
export async function doHarm(seed: number, ground: Ground, until: number, log: Log) {
  const plan = faults(new Random(seed ^ 0x5eed), ground);
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

  const begun = Date.now();
  while (Date.now() < until) {
    const intoWave = (Date.now() - begun) % (WAVE + CALM);
    if (intoWave > WAVE) {
      await sleep(Math.min(WAVE + CALM - intoWave, until - Date.now()));
      continue;
    }
    while (waiting.length < WAITING) waiting.push({ fault: plan.next().value, since: Date.now() });
    const fault = nextFree();
    if (fault !== null) begin(fault);
    await sleep(pace.between(...PAUSE));
  }
  await Promise.all(underWay);
  return { struck, errors };

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
