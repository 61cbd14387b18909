/**
 * Names that stay what they are in SQL without quotes, and leave room for what is derived from them (63 bytes at most).
 * node-pg-migrate puts the name between quotes as it is.
 */
export function assertSchemaName(schema: string): void {
  if (/^(?!pg_)[a-z_][a-z0-9_]{0,47}$/.test(schema)) return;
  throw new Error(
    `database.schema is "${schema}": use 1 to 48 of a-z, 0-9 and "_", beginning with a letter or "_", not with pg_`,
  );
}
