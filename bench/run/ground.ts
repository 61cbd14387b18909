/** Broker, registry and Postgres, with the connections of the benchmark's own. */
import type { Admin, Cluster, Kafka } from 'kafkajs';
import pg from 'pg';
import { type Logger, pino } from 'pino';
import { kafkaClient } from '../../src/kafka/client.ts';
import { ClusterLink } from '../../src/kafka/cluster.ts';
import { Topics } from '../../src/kafka/topics.ts';
import { Keeper } from '../../src/local/keeper.ts';
import { startStack } from '../../src/local/stack.ts';
import type { RealStack } from '../../src/local/types.ts';
import { Meter } from '../measure/meter.ts';

/** Questions that take long: a topic read from end to end. */
const PATIENCE = 3_600_000;

export class Ground {
  readonly stack: RealStack;
  readonly logger: Logger;
  readonly topics: Topics;
  readonly database: pg.Client;
  readonly meter: Meter;
  /** Ends the processes that it is given, however this one ends. */
  readonly keeper = new Keeper();
  readonly #kafka: Kafka;
  readonly #link: ClusterLink;

  private constructor(stack: RealStack, database: pg.Client) {
    this.stack = stack;
    this.database = database;
    this.logger = pino({ level: 'error' }, pino.destination(2));
    const address = { brokers: stack.brokers };
    this.topics = new Topics(address, this.logger);
    this.#kafka = kafkaClient(address, this.logger);
    this.#link = new ClusterLink(this.#kafka, this.logger);
    this.meter = new Meter(stack.brokers, stack.databaseUrl);
  }

  /** The stack that the environment names, else one that is started. @throws where none can be had. */
  static async make(say: (line: string) => void): Promise<Ground> {
    const stack = await startStack({ required: true, onProgress: say });
    if (stack.kind === 'memory') throw new Error(`nothing to measure: ${stack.reason}`);
    const database = new pg.Client({ connectionString: stack.databaseUrl, application_name: 'tidemark bench' });
    // The next query fails with it.
    database.on('error', () => {});
    await database.connect();
    say(stack.describe());
    const ground = new Ground(stack, database);
    for (const line of ground.meter.missing) say(line);
    return ground;
  }

  async ask<T>(what: string, question: (cluster: Cluster) => Promise<T>): Promise<T> {
    return await this.#link.ask(what, question, PATIENCE);
  }

  /** A new connection, which is the caller's to end. */
  async admin(): Promise<Admin> {
    const admin = this.#kafka.admin();
    await admin.connect();
    return admin;
  }

  async end(): Promise<void> {
    await this.keeper.stop();
    await Promise.allSettled([this.database.end(), this.#link.close(), this.topics.close()]);
    await this.stack.stop();
  }
}
