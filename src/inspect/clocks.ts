import type { Ask } from './database.ts';

/** How far a partition has been folded, as last committed. Times in ms since the epoch. */
export interface Clocks {
  readonly partition: number;
  /** `R`, the highest record timestamp so far; null before the first record. */
  readonly arrivalClock: number | null;
  /** `W`; null until an event is accepted once `R` is there. */
  readonly watermark: number | null;
  /** Whether a processor holds it now. */
  readonly owned: boolean;
  readonly nextOffset: number;
}

interface Row extends Omit<Clocks, 'watermark'> {
  readonly eventClock: number | null;
}

/** By partition; those never taken over are absent. */
export async function readClocks(ask: Ask, outOfOrderness: number): Promise<ReadonlyMap<number, Clocks>> {
  const rows = await ask<Row>(
    `SELECT p.partition, p.arrival_clock AS "arrivalClock", p.event_clock AS "eventClock", a.pid IS NOT NULL AS owned,
      p.next_offset AS "nextOffset"
    FROM partition_state p
    LEFT JOIN pg_stat_activity a ON a.pid = p.owner_pid AND a.usesysid = p.owner_role
      AND (a.backend_start IS NULL OR a.backend_start = p.owner_started)`,
  );
  return new Map(
    rows.map(({ eventClock, ...row }) => [
      row.partition,
      { ...row, watermark: eventClock === null ? null : eventClock - outOfOrderness },
    ]),
  );
}
