import { expect, test } from '@jest/globals';
import pg from 'pg';
import { withDatabase } from '../support/parts.ts';
import { describeReal, stack, uniqueName } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { type TestPipeline, withPipeline } from './support/pipeline.ts';
import { expectRight } from './support/verdict.ts';

describeReal('after a backup of the database was put back, as docs/OPERATIONS.md says', () => {
  test('nothing is sent again and nothing is missing, also where the position of the outbox is gone from Kafka', async () => {
    const { databaseUrl } = stack();
    const name = uniqueName('restore');
    const backup = new Databases(databaseUrl, name);
    try {
      await withPipeline(withDatabase(stack(), backup.url), 'restore', async (pipeline) => {
        await pipeline.setUp();
        await runWriting(pipeline, 1, /^partition taken over$/);
        await backup.copy(name, `${name}_backup`);
        await runWriting(pipeline, 2, /^partition taken over$/);

        await backup.copy(`${name}_backup`, name);
        await runWriting(pipeline, 3, /^more was published than the database knows of/);

        await backup.copy(`${name}_backup`, name);
        await (await pipeline.admin()).deleteGroups([`${pipeline.name}.outbox`]);
        await runWriting(pipeline, 4, /^the position in Kafka was gone: read back/);
        await expectRight(pipeline, (await pipeline.writer()).written);
      });
    } finally {
      await backup.drop();
    }
  });
});

/** A processor runs under traffic, says this, folds and publishes all, and is stopped. */
async function runWriting(pipeline: TestPipeline, seed: number, says: RegExp): Promise<void> {
  const program = pipeline.run();
  await program.ready();
  const before = (await pipeline.status()).map(({ sequence }) => sequence);
  await pipeline.startWriting(seed);
  await program.logs(says);
  await until('more is given out', async () => {
    const status = await pipeline.status();
    return status.length > 0 && status.every(({ sequence }, i) => sequence > (before[i] ?? 0) + 20);
  });
  await pipeline.stopWriting();
  await pipeline.settled();
  expect(await program.stop()).toEqual({ code: 0, signal: null });
}

/** A database of the test's own, and a copy of it. */
class Databases {
  readonly url: string;
  readonly #maintenance: string;
  readonly #name: string;

  constructor(url: string, name: string) {
    this.#maintenance = url;
    this.#name = name;
    const own = new URL(url);
    own.pathname = `/${name}`;
    this.url = own.href;
  }

  /** In place of what is there under the name. Connections to either are ended. */
  async copy(from: string, to: string): Promise<void> {
    await this.#sql(
      `DROP DATABASE IF EXISTS ${to} WITH (FORCE)`,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${from}'`,
      `CREATE DATABASE ${to} TEMPLATE ${from}`,
    );
  }

  async drop(): Promise<void> {
    const databases = [this.#name, `${this.#name}_backup`];
    await this.#sql(...databases.map((database) => `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`));
  }

  async #sql(...statements: string[]): Promise<void> {
    const client = new pg.Client(this.#maintenance);
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  }
}
