import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { Certificate } from '../../src/local/authority.ts';
import { Keeper } from '../../src/local/keeper.ts';
import { freePorts } from '../../src/local/ports.ts';
import { databaseUrl, FAST, postgresPrograms, startPostgres } from '../../src/local/postgres.ts';
import { run } from '../../src/local/run.ts';
import type { Part } from '../../src/local/types.ts';

const LOGIN = { user: 'tidemark', password: 'secret', name: 'tidemark' };
/** They are small, and many run at once. */
const SMALL = { ...FAST, shared_buffers: '16MB', max_connections: '30' };

/** A Postgres of a test's own, on 127.0.0.1. */
export interface TestServer {
  readonly part: Part;
  readonly port: number;
  /** Owner of the cluster and its database. */
  readonly url: string;
  /** Its directory. */
  readonly data: string;
  /** Runs statements as the owner. */
  sql(text: string): Promise<Record<string, unknown>[]>;
  restart(): Promise<void>;
}

export class TestServers {
  readonly #keeper = new Keeper();
  #root: string | null = null;
  #count = 0;

  /** @param certificate where it takes connections over TLS alone. */
  async start(certificate?: Certificate, settings: Readonly<Record<string, string>> = {}): Promise<TestServer> {
    const programs = postgresPrograms();
    if ('missing' in programs) throw new Error(programs.missing);
    const directory = await this.#directory();
    const context = { directory, java: 'java', env: process.env, keeper: this.#keeper, onProgress: () => {} };
    const [port] = (await freePorts(1)) as [number];
    const part = await startPostgres(context, programs.directory, port, LOGIN, { ...SMALL, ...settings }, certificate);
    return serverOf(part, port, join(directory, 'postgres', 'data'), certificate !== undefined);
  }

  /** A server that follows `primary`, which waits for it with each commit from then on. */
  async standbyOf(primary: TestServer): Promise<TestServer> {
    const conninfo = `host=127.0.0.1 port=${primary.port} user=${LOGIN.user} password=${LOGIN.password}`;
    const standby = await this.start(undefined, { primary_conninfo: conninfo });
    await Promise.all([standby, primary].map(({ part }) => part.kill('SIGINT')));
    const [from, to] = [primary, standby].map(({ data }) => data) as [string, string];
    await run('rm', ['-rf', to], { env: process.env });
    await run('cp', ['-a', from, to], { env: process.env });
    // Its content is of no matter, its owner is.
    await run('cp', ['-a', join(to, 'PG_VERSION'), join(to, 'standby.signal')], { env: process.env });
    await primary.part.start();
    await standby.part.start();
    await primary.sql("ALTER SYSTEM SET synchronous_standby_names TO '*'");
    await primary.sql('SELECT pg_reload_conf()');
    return standby;
  }

  async stop(): Promise<void> {
    await this.#keeper.stop();
  }

  async #directory(): Promise<string> {
    if (this.#root === null) {
      this.#root = await mkdtemp(join(tmpdir(), 'tidemark-postgres-'));
      this.#keeper.remove(this.#root);
      await run('chmod', ['711', this.#root], { env: process.env });
    }
    this.#count += 1;
    const directory = join(this.#root, `${this.#count}`);
    await mkdir(directory);
    return directory;
  }
}

function serverOf(part: Part, port: number, data: string, tls: boolean): TestServer {
  const url = databaseUrl(LOGIN, port);
  const sql = async (text: string) => {
    const ssl = tls ? { rejectUnauthorized: false } : false;
    const client = new pg.Client({ connectionString: url, ssl });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows ?? [];
    } finally {
      await client.end();
    }
  };
  const restart = async () => {
    await part.kill('SIGINT');
    await part.start();
  };
  return { part, port, url, data, sql, restart };
}
