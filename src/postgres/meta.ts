import type pg from 'pg';

/** What the state in a schema was folded from. */
export interface Meta {
  readonly inputTopic: string;
  readonly partitions: number;
  /** The deciding settings, as JSON. */
  readonly settings: unknown;
  /** Registry id of the output's schema; null until it is registered. */
  readonly outputSchemaId: number | null;
}

/** @param client a connection of `connect` or `createPool`. null: nothing has run on this schema yet */
export async function readMeta(client: pg.ClientBase | pg.Pool): Promise<(Meta & { createdAt: Date }) | null> {
  const { rows } = await client.query<Meta & { createdAt: Date }>(
    `SELECT input_topic AS "inputTopic", partitions, settings, output_schema_id AS "outputSchemaId",
      created_at AS "createdAt"
    FROM meta`,
  );
  return rows[0] ?? null;
}

/** Writes all of it. */
export async function writeMeta(client: pg.ClientBase | pg.Pool, meta: Meta): Promise<void> {
  await client.query(
    `INSERT INTO meta (input_topic, partitions, settings, output_schema_id) VALUES ($1, $2, $3, $4)
    ON CONFLICT (one) DO UPDATE SET input_topic = excluded.input_topic, partitions = excluded.partitions,
      settings = excluded.settings, output_schema_id = excluded.output_schema_id, updated_at = now()`,
    [meta.inputTopic, meta.partitions, JSON.stringify(meta.settings), meta.outputSchemaId],
  );
}
