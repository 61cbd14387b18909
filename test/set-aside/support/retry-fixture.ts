import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Admin, Kafka, Message, Producer } from 'kafkajs';
import pg from 'pg';
import pino from 'pino';
import { ClusterLink } from '../../../src/kafka/cluster.ts';
import { boundsOf } from '../../../src/kafka/offsets.ts';
import { scan } from '../../../src/kafka/scan.ts';
import type { RawRecord } from '../../../src/ports/record.ts';
import { tidemark } from '../../cli/support/harness.ts';
import { plainKafka } from '../../support/plain-kafka.ts';
import { stack, uniqueName } from '../../support/stack.ts';

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));

/** Topics and a schema of a test's own, made by `tidemark setup`, and dropped at the end. */
export class RetryFixture {
  readonly name = uniqueName('aside');
  readonly env: NodeJS.ProcessEnv;
  readonly deadLetter = `${this.name}.dead-letter`;
  readonly late = `${this.name}.late`;
  readonly #kafka: Kafka;
  readonly #admin: Admin;
  readonly #producer: Producer;
  readonly link: ClusterLink;
  readonly client: pg.Client;

  constructor(format: 'avro' | 'json' | 'tracardi', env: NodeJS.ProcessEnv = {}) {
    this.env = {
      ...stack().env,
      TIDEMARK_DATABASE_SCHEMA: this.name,
      TIDEMARK_KAFKA_GROUP: this.name,
      TIDEMARK_INPUT_TOPIC: this.name,
      TIDEMARK_INPUT_FORMAT: format,
      TIDEMARK_OUTPUT_TOPIC: `${this.name}-ended`,
      TIDEMARK_TOPICS_PARTITIONS: '2',
      TIDEMARK_LOG_LEVEL: 'silent',
      TIDEMARK_HTTP_PORT: '0',
      ...env,
    };
    this.#kafka = plainKafka(stack());
    this.#admin = this.#kafka.admin();
    this.#producer = this.#kafka.producer();
    this.link = new ClusterLink(this.#kafka, pino({ level: 'silent' }));
    this.client = new pg.Client(stack().databaseUrl);
  }

  async open(): Promise<void> {
    await Promise.all([this.#admin.connect(), this.#producer.connect(), this.client.connect()]);
    const { code, err } = await tidemark(['setup'], { env: this.env });
    if (code !== 0) throw new Error(err);
    await this.client.query(`SET search_path TO ${this.name}`);
  }

  async close(): Promise<void> {
    await this.client.query(`DROP SCHEMA IF EXISTS ${this.name} CASCADE; DROP ROLE IF EXISTS ${this.name}_reader`);
    await this.#admin.deleteTopics({ topics: [this.name, `${this.name}-ended`, this.deadLetter, this.late] });
    await Promise.all([this.client.end(), this.link.close(), this.#admin.disconnect(), this.#producer.disconnect()]);
  }

  /** Runs a command line in this process. */
  run(...argv: string[]): ReturnType<typeof tidemark> {
    return tidemark(argv, { env: this.env });
  }

  /** Starts a command line in a process of its own. */
  start(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
    return spawn(process.execPath, [MAIN, ...argv], {
      env: { ...this.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** The same, killed at the failpoint. */
  async killedAt(failpoint: string, ...argv: string[]): Promise<void> {
    const child = this.start(argv, { TIDEMARK_FAILPOINT: failpoint });
    let err = '';
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    const signal = await new Promise((resolve) => child.on('close', (_, by) => resolve(by)));
    if (signal !== 'SIGKILL') throw new Error(`it was not killed at ${failpoint}: ${err}`);
  }

  async write(topic: string, partition: number, messages: readonly Message[]): Promise<void> {
    await this.#producer.send({ topic, messages: messages.map((message) => ({ ...message, partition })) });
  }

  /** Writes a record in a transaction that ends as given once `meanwhile` has settled. */
  async inTransaction(
    topic: string,
    partition: number,
    value: string,
    end: 'commit' | 'abort',
    meanwhile: () => Promise<void>,
  ): Promise<void> {
    const producer = this.#kafka.producer({
      transactionalId: uniqueName('tx'),
      maxInFlightRequests: 1,
      idempotent: true,
    });
    await producer.connect();
    try {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ value, partition }] });
      await meanwhile();
      await transaction[end]();
    } finally {
      await producer.disconnect();
    }
  }

  /** A dead letter as tidemark writes it, of a record that lay at `offset` in the input. */
  async setAside(
    partition: number,
    offset: number,
    message: Message,
    ours: Record<string, string> = {},
  ): Promise<void> {
    const headers = {
      'tidemark-reason': 'undecodable',
      'tidemark-error': 'for a test',
      'tidemark-topic': this.name,
      'tidemark-partition': String(partition),
      'tidemark-offset': String(offset),
      'tidemark-timestamp': '1600000000000',
      'tidemark-sequence': '0',
      ...ours,
    };
    await this.write(this.deadLetter, partition, [{ ...message, headers: { ...message.headers, ...headers } }]);
  }

  /** All committed records of a topic's partition. */
  async records(topic: string, partition: number): Promise<RawRecord[]> {
    const bounds = await this.link.ask('the ends', (cluster) => boundsOf(cluster, topic, [partition]));
    const { earliest, end } = bounds.get(partition)!;
    const found: RawRecord[] = [];
    const all = scan(this.link, { topic, partition, from: earliest, to: end }, 'wait', AbortSignal.timeout(30_000));
    for await (const { records } of all) found.push(...records);
    return found;
  }
}

/** Header values by name, the last of each. */
export function headersOf({ headers }: RawRecord): Record<string, string> {
  return Object.fromEntries(headers.map(([name, value]) => [name, value.toString()]));
}
