import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { type Input, nastyTraffic } from '../e2e/support/traffic.ts';
import { Writer } from '../e2e/support/writer.ts';
import type { Log } from './log.ts';
import { type Addresses, NAME, PARTITIONS } from './settings.ts';

/** Longest that records wait to be sent together, ms. */
const TOGETHER = 40;
/** Silences, in which visits end by the clock: how often they come, and how long they are, ms. */
const SILENT_EVERY = 20_000;
const SILENCE = 3_000;

/** Writes believable traffic, with what goes wrong in it, when it is due: what a broker that is away kept is late. */
export class Load {
  readonly #writer: Writer;
  readonly #log: Log;
  readonly #stop = new AbortController();
  #done: Promise<void> = Promise.resolve();
  /** Records that were written again because nobody knows whether they were. */
  again = 0;

  private constructor(writer: Writer, log: Log) {
    this.#writer = writer;
    this.#log = log;
  }

  static async open({ brokers, registryUrl }: Addresses, log: Log): Promise<Load> {
    return new Load(await Writer.open({ brokers, registryUrl, env: {}, topic: NAME, partitions: PARTITIONS }), log);
  }

  start(seed: number, rate: number): void {
    this.#done = this.#write(seed, rate);
    this.#done.catch((error: Error) => this.#log.say(`!! the writer failed: ${error.message}`));
  }

  /** Once this resolves what was written is in the log. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
    await this.#writer.close();
  }

  async #write(seed: number, rate: number): Promise<void> {
    const { signal } = this.#stop;
    const begun = Date.now();
    let silent = SILENT_EVERY;
    let batch: Input[] = [];
    for (const input of nastyTraffic(seed, begun, rate)) {
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
    const codec = batch.length > 4 ? kafkajs.CompressionTypes.GZIP : kafkajs.CompressionTypes.None;
    for (;;) {
      try {
        await this.#writer.write(batch, codec);
        return;
      } catch (error) {
        // An idempotent producer that lost its number cannot go on. Written twice is resent, as producers do.
        this.again += batch.length;
        this.#log.say(`the writer connects anew: ${(error as Error).message}`);
        await this.#reconnect();
      }
    }
  }

  async #reconnect(): Promise<void> {
    for (;;) {
      await sleep(500);
      try {
        return await this.#writer.reconnect();
      } catch (error) {
        this.#log.say(`the writer waits for the broker: ${(error as Error).message}`);
      }
    }
  }
}
