import type pg from 'pg';

/** Where an event that was set aside came from: its record in the input, and its place in that record. */
export interface SourceEvent {
  readonly partition: number;
  readonly offset: number;
  readonly index: number;
}

/** An event that was noted as about to be sent. */
export interface Intended extends SourceEvent {
  /** It lies at this offset of its partition or behind, if it was sent. */
  readonly from: number;
}

/** The key of a source in maps. */
export function keyOf({ partition, offset, index }: SourceEvent): string {
  return `${partition}:${offset}:${index}`;
}

/** When each source was sent, in ms, by `keyOf`; null: it is not known yet whether it was. */
export async function sentAt(
  client: pg.ClientBase | pg.Pool,
  sources: readonly SourceEvent[],
): Promise<ReadonlyMap<string, number | null>> {
  const { rows } = await client.query<{ partition: number; offset: string; index: number; sent: string | null }>(
    `SELECT r.partition, r.source_offset AS offset, r.index, (extract(epoch FROM r.sent_at) * 1000)::bigint AS sent
    FROM unnest($1::int[], $2::bigint[], $3::int[]) AS asked (partition, source_offset, index)
    JOIN retried r USING (partition, source_offset, index)`,
    columns(sources),
  );
  return new Map(
    rows.map(({ partition, offset, index, sent }) => [
      keyOf({ partition, offset: Number(offset), index }),
      sent === null ? null : Number(sent),
    ]),
  );
}

/** All events for which it is not known whether they were sent. */
export async function intended(client: pg.ClientBase): Promise<Intended[]> {
  const { rows } = await client.query<{ partition: number; offset: string; index: number; from: string }>(
    `SELECT partition, source_offset AS offset, index, from_offset AS "from" FROM retried WHERE sent_at IS NULL
    ORDER BY partition, from_offset`,
  );
  return rows.map(({ partition, offset, index, from }) => ({
    ...{ partition, offset: Number(offset), index, from: Number(from) },
  }));
}

export async function intend(client: pg.ClientBase, all: readonly Intended[]): Promise<void> {
  await client.query(
    `INSERT INTO retried (partition, source_offset, index, from_offset)
    SELECT * FROM unnest($1::int[], $2::bigint[], $3::int[], $4::bigint[])`,
    [...columns(all), all.map(({ from }) => from)],
  );
}

export async function markSent(client: pg.ClientBase, sources: readonly SourceEvent[]): Promise<void> {
  await client.query(
    `UPDATE retried r SET sent_at = now() FROM unnest($1::int[], $2::bigint[], $3::int[])
      AS sent (partition, source_offset, index)
    WHERE (r.partition, r.source_offset, r.index) = (sent.partition, sent.source_offset, sent.index)`,
    columns(sources),
  );
}

/** Deletes notes of events that were not sent after all. */
export async function forgetIntended(client: pg.ClientBase, sources: readonly SourceEvent[]): Promise<void> {
  await client.query(
    `DELETE FROM retried r USING unnest($1::int[], $2::bigint[], $3::int[]) AS unsent (partition, source_offset, index)
    WHERE (r.partition, r.source_offset, r.index) = (unsent.partition, unsent.source_offset, unsent.index)
      AND sent_at IS NULL`,
    columns(sources),
  );
}

/** Locks out other retries until the connection ends. @returns false where another connection has the lock. */
export async function lockRetry(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(
    `SELECT pg_try_advisory_lock(hashtext('tidemark retry'), hashtext(current_schema())) AS locked`,
  );
  return rows[0]!.locked;
}

function columns(sources: readonly SourceEvent[]): number[][] {
  return [
    sources.map(({ partition }) => partition),
    sources.map(({ offset }) => offset),
    sources.map(({ index }) => index),
  ];
}
