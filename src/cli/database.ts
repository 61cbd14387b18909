import type pg from 'pg';
import type { Settings } from '../settings/index.ts';
import { Failure } from './failure.ts';

const UNDEFINED_TABLE = '42P01';
const UNDEFINED_COLUMN = '42703';
const NOT_ALLOWED = '42501';

/**
 * Does something with the database, and closes the connection in any case.
 * @param name of the connection, as it shows in pg_stat_activity
 * @throws Failure where the schema is missing, of another version, or not readable for this role
 */
export async function onDatabase<T>(
  settings: Settings,
  name: string,
  action: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const { connect } = await import('../postgres/connect.ts');
  const client = await connect(settings.database, name, settings.database.answerTimeout);
  try {
    return await action(client);
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    const { schema } = settings.database;
    if (code === UNDEFINED_TABLE || code === UNDEFINED_COLUMN) {
      const text = `schema ${schema} is not set up, or not by this version: run \`tidemark setup\``;
      throw new Failure(1, text, { cause: error });
    }
    if (code === NOT_ALLOWED) {
      const text = `${message}: connect as the role that owns schema ${schema}; ${schema}_reader may read the views alone`;
      throw new Failure(1, text, { cause: error });
    }
    throw error;
  } finally {
    await client.end();
  }
}
