import { afterAll, beforeAll } from '@jest/globals';
import pg from 'pg';
import { type SqlRole, sqlGrants } from '../../../src/postgres/grants.ts';
import { migrate } from '../../../src/postgres/migrate.ts';
import { PostgresStore } from '../../../src/postgres/store.ts';
import { stack, uniqueName } from '../../support/stack.ts';

/** A schema of the test file's own, migrated before its tests and dropped after them. */
export class TestSchema {
  readonly schema = uniqueName('store');
  readonly #stores: PostgresStore<string>[] = [];
  readonly #roles: string[] = [];
  #client: pg.Client | null = null;
  #partition = 0;

  get url(): string {
    return stack().databaseUrl;
  }

  get options(): { readonly url: string; readonly schema: string } {
    return { url: this.url, schema: this.schema };
  }

  /**
   * How a role of its own reaches the schema, which has what is printed for such a one and nothing else. The role goes with
   * the schema.
   */
  async as(role: SqlRole): Promise<{ readonly url: string; readonly schema: string }> {
    const name = `${this.schema}_${role}`;
    const [where] = await this.sql('SELECT current_user AS owner, current_database() AS database');
    const { owner, database } = where as { owner: string; database: string };
    const all = sqlGrants({ database, schema: this.schema, owner, run: name, retry: name, reader: name });
    if (role !== 'reader') await this.sql(`CREATE ROLE ${name}`);
    for (const sql of all.find((grants) => grants.role === role)!.sql) await this.sql(sql);
    await this.sql(`ALTER ROLE ${name} LOGIN PASSWORD 'secret'`);
    this.#roles.push(name);
    const url = new URL(this.url);
    url.username = name;
    url.password = 'secret';
    return { url: url.href, schema: this.schema };
  }

  /** Answers as plain rows, unqualified names being those of the schema. Integers as numbers. */
  async sql(text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    return (await this.#client!.query({ text, values, rowMode: undefined } as pg.QueryConfig)).rows;
  }

  store(owner?: string, options = this.options): PostgresStore<string> {
    const store = new PostgresStore<string>({ ...options, ...(owner === undefined ? {} : { owner }) });
    this.#stores.push(store);
    return store;
  }

  /** A partition that no other test of the file uses. */
  nextPartition(): number {
    this.#partition += 1;
    return this.#partition;
  }

  async open(): Promise<void> {
    await migrate(this.options);
    this.#client = new pg.Client({ connectionString: this.url, types: { getTypeParser: parserOf } });
    await this.#client.connect();
    await this.#client.query(`SET search_path TO ${this.schema}; SET TimeZone TO 'UTC'`);
  }

  async close(): Promise<void> {
    await Promise.all(this.#stores.map((store) => store.close()));
    await this.#client?.query(`DROP SCHEMA IF EXISTS ${this.schema} CASCADE`);
    for (const role of this.#roles) await this.#client?.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    await this.#client?.end();
  }
}

/** Use inside `describeReal`. */
export function testSchema(): TestSchema {
  const schema = new TestSchema();
  beforeAll(() => schema.open());
  afterAll(() => schema.close());
  return schema;
}

/** Times and intervals as ms, 64-bit integers as numbers: for a client of pg. */
export function parserOf(oid: number, format?: string): (text: string) => unknown {
  if (oid === 20 || oid === 1700) return Number;
  if (oid === 1184) return (text) => Date.parse(text);
  if (oid === 1186) {
    const parse = pg.types.getTypeParser(1186, 'text') as (text: string) => { toISOString(): string };
    return (text) => msOf(parse(text) as unknown as Record<string, number>);
  }
  return pg.types.getTypeParser(oid, (format ?? 'text') as 'text') as (text: string) => unknown;
}

function msOf({ days = 0, hours = 0, minutes = 0, seconds = 0, milliseconds = 0 }: Record<string, number>): number {
  return Math.round((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + milliseconds);
}
