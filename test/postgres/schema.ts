import { afterAll, beforeAll } from '@jest/globals';
import pg from 'pg';
import { migrate } from '../../src/postgres/migrate.ts';
import { PostgresStore } from '../../src/postgres/store.ts';
import { stack, uniqueName } from '../support/stack.ts';

/** A schema of the test file's own, migrated before its tests and dropped after them. */
export class TestSchema {
  readonly schema = uniqueName('store');
  readonly #stores: PostgresStore<string>[] = [];
  #client: pg.Client | null = null;
  #partition = 0;

  get url(): string {
    return stack().databaseUrl;
  }

  get options(): { readonly url: string; readonly schema: string } {
    return { url: this.url, schema: this.schema };
  }

  /** Answers as plain rows, unqualified names being those of the schema. Integers as numbers. */
  async sql(text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    return (await this.#client!.query({ text, values, rowMode: undefined } as pg.QueryConfig)).rows;
  }

  store(owner?: string): PostgresStore<string> {
    const store = new PostgresStore<string>({ ...this.options, ...(owner === undefined ? {} : { owner }) });
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
