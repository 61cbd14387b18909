import type pg from 'pg';
import { assertSchemaName } from './schema-name.ts';

/**
 * What is read and how it is committed must not depend on what an administrator set for the role, the database or the server
 * (`ALTER ROLE … SET …`). All that the program rests on is set on each connection, here.
 */
const SETTINGS: readonly (readonly [name: string, value: string])[] = [
  // How values are written as text, and read from it.
  ['bytea_output', 'hex'],
  ['DateStyle', 'ISO, MDY'],
  ['IntervalStyle', 'postgres'],
  ['TimeZone', 'UTC'],
  ['extra_float_digits', '1'],
  ['standard_conforming_strings', 'on'],
  // A row that two wrote is waited for: a serializable transaction would fail instead, where nothing is wrong.
  ['default_transaction_isolation', 'read committed'],
  ['default_transaction_deferrable', 'off'],
  // Whether it may be written is a matter of rights and of standbys.
  ['default_transaction_read_only', 'off'],
  // A connection is held for as long as its partition is. Limits of one's own are set where they are needed.
  ['idle_session_timeout', '0'],
  ['idle_in_transaction_session_timeout', '0'],
  ['transaction_timeout', '0'],
  ['statement_timeout', '0'],
  ['lock_timeout', '0'],
];

/** Those that this server knows: some came with newer versions. */
const SET = `SELECT count(set_config(known.name, wanted.value, false))
  FROM unnest($1::text[], $2::text[]) AS wanted (name, value) JOIN pg_settings known ON lower(known.name) = lower(wanted.name)`;

/** Readies a connection, in one round trip: unqualified names mean those of `schema`. */
export async function setSession(client: pg.ClientBase, schema: string): Promise<void> {
  assertSchemaName(schema);
  const all = [...SETTINGS, ['search_path', schema] as const];
  await client.query(SET, [all.map(([name]) => name), all.map(([, value]) => value)]);
}
