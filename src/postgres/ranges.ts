import { openedAt } from '../core/ids.ts';
import { type PackedId, uuidText } from '../core/memory/event-ids.ts';

/**
 * The ranges of visit_id that ended_visit, visit_chunk and visit_revision are partitioned by: a month each, by the time
 * of the record that opened the visit, which is the first 48 bits of its id.
 *
 * A range is made before the commit that needs it, in a transaction of its own: made inside the commit it would be
 * locked until the commit's end. Making one never waits for a commit, nor a commit for it: ATTACH PARTITION, unlike
 * CREATE TABLE … PARTITION OF, goes together with writes to the parent. So a processor that hangs in the middle of a
 * commit keeps no other from a new month.
 */
export class Ranges {
  /** First id of each month that is known to be there. */
  readonly #known = new Set<string>();

  /** @returns a collector, which needs each id that a commit has rows of. */
  missing(): MissingMonths {
    return new MissingMonths(this.#known);
  }

  clear(): void {
    this.#known.clear();
  }

  /** Notes that these months have been made. */
  markMade(months: readonly Month[]): void {
    for (const { from } of months) this.#known.add(from);
  }
}

/** Months that are needed and not known to be there. */
export class MissingMonths {
  readonly #known: ReadonlySet<string>;
  readonly #found = new Map<string, Month>();
  /** Bounds of the month of the last id, which most often is the next one's too: ms, the end not included. */
  #from = 0;
  #to = 0;

  constructor(known: ReadonlySet<string>) {
    this.#known = known;
  }

  get found(): Month[] {
    return [...this.#found.values()];
  }

  /** @param id of a visit. */
  need(id: PackedId): void {
    const ms = openedAt(id);
    if (ms >= this.#from && ms < this.#to) return;
    const month = monthOf(ms);
    [this.#from, this.#to] = bordersOf(ms);
    if (!this.#known.has(month.from)) this.#found.set(month.from, month);
  }
}

export interface Month {
  /** As part of a table's name: `2026_11`. */
  readonly name: string;
  /** Lowest id in it, and lowest id past it. */
  readonly from: string;
  readonly to: string;
}

/** @param ms since 1970, below 2^48 */
export function monthOf(ms: number): Month {
  const [from, to] = bordersOf(ms);
  const begin = new Date(from);
  return {
    name: `${begin.getUTCFullYear()}_${String(begin.getUTCMonth() + 1).padStart(2, '0')}`,
    from: lowestId(from),
    to: to < 2 ** 48 ? lowestId(to) : HIGHEST,
  };
}

/** Where the month of a time begins, and where the next one does: ms since 1970. */
function bordersOf(ms: number): [from: number, to: number] {
  const date = new Date(ms);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return [Date.UTC(year, month), Date.UTC(year, month + 1)];
}

/** No id of a visit opened at `ms` or later is lower. */
export function lowestId(ms: number): string {
  const opened = Math.min(Math.max(0, Math.floor(ms)), 2 ** 48 - 1);
  return uuidText(Math.floor(opened / 2 ** 16), opened << 16, 0, 0);
}

const HIGHEST = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Storage of staged rows, the same as in the ranges (migrations/0006_ranges.sql): a copied value keeps its form. */
export const STORAGE = 'toast_tuple_target = 8160';

/** One statement, so that no crash can leave half of it. Of two at once the second waits and finds the month made. */
export function makeRange({ name, from, to }: Month): string {
  return `SELECT make_ranges('ended_visit', '${name}', '${from}', '${to}')`;
}
