import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../../src/simulate/random.ts';
import type { ChaosGround } from '../ground.ts';
import type { Link } from '../link.ts';
import { begins, type Far, type Slot } from '../slot.ts';
import type { Work } from '../watch.ts';

/** A fault struck. `inside`: what was under way where it struck, and had not been answered. */
export type Tell = (kind: string, target: string, inside: readonly Work[], more?: string) => void;

/** All that is random about it is decided when it is made. */
export interface Fault {
  readonly kind: string;
  /** Names of what no other fault may touch meanwhile. */
  readonly needs: readonly string[];
  /** Does the harm, reports it, and mends what it did. */
  run(tell: Tell): Promise<void>;
}

export type Make = (random: Random, ground: ChaosGround) => Fault;

/** What share of the faults that can be aimed at a commit or a transaction is. */
const AIMED = 0.7;
/** How long an aimed fault waits for what it is aimed at, ms: then it strikes all the same. */
const PATIENCE = 8_000;

export function aimOf(random: Random, works: readonly Work[]): Work | null {
  return random.chance(AIMED) ? random.pick(works) : null;
}

export const WORK: Readonly<Record<Far, Work | null>> = { broker: 'transaction', database: 'commit', registry: null };

/**
 * Waits until one of the processors has connections, and then for what is aimed at, in those whose connections can be
 * read: it is not known what the others do.
 */
export async function aimed(slots: readonly Slot[], aim: Work | null, delay: number): Promise<Link | null> {
  const far = aim === 'transaction' ? 'broker' : 'database';
  const isThere = (slot: Slot) => slot.proxies[far].reduce((sum, { links }) => sum + links.size, 0) > 1;
  for (let waited = 0; waited < PATIENCE && !slots.some(isThere); waited += 100) await sleep(100);
  const readable = slots.filter(({ isOpened }) => isOpened);
  if (aim === null || readable.length === 0) return null;
  const link = await begins(readable, aim, PATIENCE);
  if (delay >= 1) await sleep(delay);
  return link;
}
