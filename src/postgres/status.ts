import type pg from 'pg';
import { type Counts, noCounts } from '../core/changes.ts';
import { OWNER_CONNECTION } from './owner.ts';

export interface PartitionStatus {
  readonly partition: number;
  readonly epoch: number;
  /** False: taken over, never folded. */
  readonly started: boolean;
  readonly nextOffset: number;
  /** ms since the epoch, null before the first record. */
  readonly arrivalClock: number | null;
  readonly eventClock: number | null;
  readonly anticipatedTo: number | null;
  readonly sequence: number;
  readonly published: number;
  readonly counts: Counts;
  /** null: given up in order. */
  readonly owner: string | null;
  /** Whether the owner's connection is there. */
  readonly ownerConnected: boolean;
  readonly openVisits: number;
  readonly outboxRows: number;
  readonly outboxBytes: number;
  readonly updatedAt: Date;
}

/** A row per partition that was ever taken over, by partition. @param client of `connect` or `createPool` */
export async function readStatus(client: pg.ClientBase | pg.Pool): Promise<PartitionStatus[]> {
  const { rows } = await client.query<Record<string, string | null> & { counts: Partial<Counts>; updatedAt: Date }>(
    `SELECT p.partition, p.epoch, p.started, p.next_offset AS "nextOffset", p.arrival_clock AS "arrivalClock",
      p.event_clock AS "eventClock", p.anticipated_to AS "anticipatedTo", p.sequence, p.published, p.counts, p.owner,
      a.pid IS NOT NULL AS "ownerConnected", coalesce(v.visits, 0) AS "openVisits", coalesce(o.rows, 0) AS "outboxRows",
      coalesce(o.bytes, 0) AS "outboxBytes", p.updated_at AS "updatedAt"
    FROM partition_state p
    ${OWNER_CONNECTION}
    LEFT JOIN (SELECT partition, count(*) AS visits FROM open_visit GROUP BY partition) v USING (partition)
    LEFT JOIN (SELECT partition, count(*) AS rows, sum(bytes) AS bytes FROM outbox GROUP BY partition) o USING (partition)
    ORDER BY p.partition`,
  );
  return rows.map((row) => ({
    partition: Number(row.partition),
    epoch: Number(row.epoch),
    started: Boolean(row.started),
    nextOffset: Number(row.nextOffset),
    arrivalClock: numberOrNull(row.arrivalClock),
    eventClock: numberOrNull(row.eventClock),
    anticipatedTo: numberOrNull(row.anticipatedTo),
    sequence: Number(row.sequence),
    published: Number(row.published),
    counts: { ...noCounts(), ...row.counts },
    owner: row.owner ?? null,
    ownerConnected: Boolean(row.ownerConnected),
    openVisits: Number(row.openVisits),
    outboxRows: Number(row.outboxRows),
    outboxBytes: Number(row.outboxBytes),
    updatedAt: row.updatedAt,
  }));
}

function numberOrNull(value: string | null | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}
