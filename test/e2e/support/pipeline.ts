import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Admin } from 'kafkajs';
import pg from 'pg';
import { type PartitionStatus, readStatus } from '../../../src/postgres/status.ts';
import { loadSettings, type Settings } from '../../../src/settings/index.ts';
import type { Parts } from '../../support/parts.ts';
import { plainKafka } from '../../support/plain-kafka.ts';
import { named, QUICK_VISITS } from '../../support/quick-visits.ts';
import { uniqueName } from '../../support/stack.ts';
import { until } from '../../support/until.ts';
import { type Built, Program } from './program.ts';
import { Writer } from './writer.ts';

export const PARTITIONS = 3;

const QUICK = { ...QUICK_VISITS, TIDEMARK_COMMIT_INTERVAL: '50ms' };

type Environment = Readonly<Record<string, string>>;

/** A topic, schema and group of its own, with settings over `QUICK`, and all processes that a test starts on them. */
export class TestPipeline {
  readonly name: string;
  readonly parts: Parts;
  readonly env: Environment;
  readonly settings: Settings;
  readonly programs: Program[] = [];
  #admin: Admin | null = null;
  #database: pg.Client | null = null;
  #writer: Writer | null = null;
  #writing: { readonly stop: AbortController; readonly done: Promise<void> } | null = null;

  constructor(parts: Parts, prefix: string, env: Environment = {}) {
    this.name = uniqueName(prefix);
    this.parts = parts;
    this.env = {
      ...parts.env,
      ...named(this.name, PARTITIONS),
      ...QUICK,
      ...env,
    };
    this.settings = loadSettings({ env: this.env }).settings;
  }

  // ------------------------------------------------------------------------------------------------------- processes

  start(args: readonly string[], env: Environment = {}, built?: Built): Program {
    const program = new Program(`${args.join(' ')} #${this.programs.length}`, args, { ...this.env, ...env }, built);
    this.programs.push(program);
    return program;
  }

  /** A command to its end; @throws unless it exits 0. */
  async command(...args: string[]): Promise<Program> {
    const program = this.start(args);
    const exit = await program.over();
    if (exit.code !== 0) throw new Error(`tidemark ${args.join(' ')}: ${program.tail()}`);
    return program;
  }

  async setUp(): Promise<Program> {
    return await this.command('setup');
  }

  run(env: Environment = {}): Program {
    return this.start(['run'], env);
  }

  // ---------------------------------------------------------------------------------------------------------- input

  async writer(): Promise<Writer> {
    this.#writer ??= await Writer.open({ ...this.parts, topic: this.name, partitions: PARTITIONS });
    return this.#writer;
  }

  /** Traffic from now on, until `stopWriting`. */
  async startWriting(seed: number, rate = 40): Promise<void> {
    const writer = await this.writer();
    const stop = new AbortController();
    const done = writer.writeOn(seed, rate, stop.signal);
    // Looked at when it is stopped.
    done.catch(() => {});
    this.#writing = { stop, done };
  }

  async stopWriting(): Promise<void> {
    this.#writing?.stop.abort();
    await this.#writing?.done;
    this.#writing = null;
  }

  // ------------------------------------------------------------------------------------------------- what can be seen

  async admin(): Promise<Admin> {
    if (this.#admin === null) {
      this.#admin = plainKafka(this.parts).admin();
      await this.#admin.connect();
    }
    return this.#admin;
  }

  /** New connections to the broker, for when it was away. */
  async reconnect(): Promise<void> {
    await this.#admin?.disconnect();
    this.#admin = null;
    await this.#writer?.reconnect();
  }

  /** A connection with the schema on its search path: the pipeline's own, for one query after the other. */
  async database(): Promise<pg.Client> {
    if (this.#database === null) {
      const client = await this.connect();
      // The server was ended under it: the next query fails.
      client.on('error', () => {
        this.#database = null;
      });
      this.#database = client;
    }
    return this.#database;
  }

  /** Another one, which is the caller's to end. */
  async connect(): Promise<pg.Client> {
    const client = new pg.Client(this.parts.databaseUrl);
    await client.connect();
    await client.query(`SET search_path TO ${this.name}; SET TimeZone TO 'UTC'`);
    return client;
  }

  async status(): Promise<PartitionStatus[]> {
    return await readStatus(await this.database());
  }

  /** Waits until all that was written is folded and committed, every visit has ended, and all is published. */
  async settled(): Promise<void> {
    const admin = await this.admin();
    const ends = await admin.fetchTopicOffsets(this.name);
    let seen: PartitionStatus[] = [];
    try {
      await until('all is folded, ended and published', async () => {
        seen = await this.status();
        return ends.every(({ partition, high }) => {
          const status = seen.find((one) => one.partition === partition);
          if (status === undefined) return high === '0';
          return status.nextOffset >= Number(high) && status.openVisits === 0 && status.published === status.sequence;
        });
      });
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${JSON.stringify({ ends, seen })}`, { cause: error });
    }
  }

  // ------------------------------------------------------------------------------------------------------------- end

  async end(): Promise<void> {
    this.#writing?.stop.abort();
    for (const program of this.programs) if (program.ended === null) program.kill('SIGKILL');
    await Promise.allSettled(this.programs.map(({ exit }) => exit));
    const writing = this.#writing?.done;
    await Promise.allSettled([writing, this.#writer?.close(), this.#admin?.disconnect(), this.#database?.end()]);
  }

  /** Writes all output of the processes to a file. @returns its path. */
  async dump(): Promise<string> {
    const file = join(await mkdtemp(join(tmpdir(), 'tidemark-e2e-')), `${this.name}.log`);
    await writeFile(file, this.programs.map((program) => `${program.tail(Number.POSITIVE_INFINITY)}\n`).join(''));
    return file;
  }
}

/** Runs `body`. Where it fails, the error holds the last output of the processes, and the file with all of it. */
export async function withOutput(pipeline: TestPipeline, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    const output = pipeline.programs.map((program) => program.tail(12)).join('\n');
    (error as Error).message += `\n${output}\nall of it: ${await pipeline.dump()}`;
    throw error;
  }
}

/** Runs `body` on a pipeline, as `withOutput` does, and ends all that it started. */
export async function withPipeline(
  parts: Parts,
  prefix: string,
  body: (pipeline: TestPipeline) => Promise<void>,
  env: Environment = {},
): Promise<void> {
  const pipeline = new TestPipeline(parts, prefix, env);
  try {
    await withOutput(pipeline, () => body(pipeline));
  } finally {
    await pipeline.end();
  }
}
