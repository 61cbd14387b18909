import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import pino from 'pino';
import { kafkaClient } from '../../src/kafka/client.ts';
import { partitionByKey } from '../../src/kafka/layout.ts';
import type { IdempotentProducer } from '../../src/kafka/produce/idempotent-producer.ts';
import { batchesOf, type PlacedBody } from '../../src/kafka/record-bodies.ts';
import { type Opened, openIdempotent } from '../../src/kafka/transactional.ts';
import { type Access, kafkaOf } from '../../src/local/access.ts';
import { putRecordBody, recordBodyRoom } from '../../src/wire/record-body.ts';
import { type Input, nastyTraffic, type SchemaName } from '../e2e/support/traffic.ts';
import { type Encode, encoders, registerSchemas } from '../e2e/support/writer.ts';
import type { Parts } from '../support/parts.ts';
import type { Log } from './log.ts';
import { NAME, PARTITIONS } from './settings.ts';

/** Longest that records wait to be sent together, ms. */
const TOGETHER = 40;
/** Silences, in which visits end by the clock: how often they come, and how long they are, ms. */
const SILENT_EVERY = 20_000;
const SILENCE = 3_000;
/** Of the events: so many that most transactions hold messages of more than one topic. */
const SHARES = { late: 0.12, broken: 0.15 };
/** Header of every record: its number. */
export const NUMBER = 'load';

type Encoders = ReadonlyMap<SchemaName, Encode>;

/** Writes believable traffic, with what goes wrong in it, when it is due: what a broker that is away kept is late. */
export class Load {
  readonly #kafka: Kafka;
  readonly #encode: Encoders;
  readonly #log: Log;
  readonly #stop = new AbortController();
  #opened: Opened<IdempotentProducer>;
  #done: Promise<void> = Promise.resolve();
  #number = 0;
  /** Numbers of the records that the brokers acknowledged: each has to be in the log, once. */
  readonly acknowledged = new Set<number>();
  /** Numbers of records written again because it is not known whether they were: these may be there twice. */
  readonly again = new Set<number>();

  private constructor(kafka: Kafka, opened: Opened<IdempotentProducer>, encode: Encoders, log: Log) {
    this.#kafka = kafka;
    this.#opened = opened;
    this.#encode = encode;
    this.#log = log;
  }

  /** @param parts past all proxies */
  static async open(parts: Parts, access: Access, log: Log): Promise<Load> {
    const encode = encoders(await registerSchemas({ ...parts, topic: NAME }));
    const kafka = kafkaClient(kafkaOf(access, 'producer'), pino({ level: 'silent' }));
    return new Load(kafka, await openIdempotent(kafka), encode, log);
  }

  start(seed: number, rate: number): void {
    this.#done = this.#write(seed, rate);
    this.#done.catch((error: Error) => this.#log.say(`!! the writer failed: ${error.message}`));
  }

  /** Once this resolves what was written is in the log. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
    await this.#opened.disconnect();
  }

  async #write(seed: number, rate: number): Promise<void> {
    const { signal } = this.#stop;
    const begun = Date.now();
    let silent = SILENT_EVERY;
    let batch: Input[] = [];
    for (const input of nastyTraffic(seed, begun, rate, SHARES)) {
      if (input.delay > silent) {
        await this.#send(batch.splice(0));
        await sleep(SILENCE, undefined, { signal }).catch(() => {});
        silent += SILENT_EVERY;
      }
      const wait = begun + input.delay - Date.now();
      if (wait > TOGETHER || batch.length >= 500) await this.#send(batch.splice(0));
      // Aborted is no error here: it is how this ends.
      if (wait > TOGETHER) await sleep(wait, undefined, { signal }).catch(() => {});
      if (signal.aborted) break;
      batch.push(input);
    }
    batch = batch.splice(0);
    await this.#send(batch);
  }

  async #send(batch: readonly Input[]): Promise<void> {
    if (batch.length === 0) return;
    const numbers = batch.map(() => this.#number++);
    const records = batch.map((input, i) => this.#record(input, numbers[i]!));
    for (;;) {
      try {
        await this.#opened.producer.send(batchesOf(NAME, records, Date.now()));
        for (const number of numbers) this.acknowledged.add(number);
        return;
      } catch (error) {
        // A producer that lost its number cannot go on. Written twice is resent, as producers do.
        for (const number of numbers) this.again.add(number);
        this.#log.say(`the writer begins anew: ${(error as Error).message}`);
        await this.#reopen();
      }
    }
  }

  #record({ key, what, writer, headers, partition }: Input, number: number): PlacedBody {
    const value = what === null || Buffer.isBuffer(what) ? what : this.#encode.get(writer)!(what);
    const all = Object.entries({ ...headers, [NUMBER]: String(number) });
    const content = {
      key: key === null ? null : Buffer.from(key),
      value,
      headers: all.flatMap(([name, one]) =>
        (Array.isArray(one) ? one : [one]).map((each) => [name, Buffer.from(each)] as const),
      ),
    };
    const room = Buffer.allocUnsafe(recordBodyRoom(content));
    const byKey = content.key === null ? number % PARTITIONS : partitionByKey(NAME, content.key, PARTITIONS);
    return { partition: partition ?? byKey, recordBody: room.subarray(0, putRecordBody(room, 0, content)) };
  }

  async #reopen(): Promise<void> {
    this.#opened.disconnect().catch(() => {});
    for (;;) {
      await sleep(500);
      try {
        this.#opened = await openIdempotent(this.#kafka);
        return;
      } catch (error) {
        this.#log.say(`the writer waits for the brokers: ${(error as Error).message}`);
      }
    }
  }
}
