/** How far processors have come, as Postgres has it. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Ground } from './ground.ts';
import type { Program } from './program.ts';

/** Sums over the partitions. */
export interface Reached {
  /** Records folded and committed. */
  readonly next: number;
  /** Messages given out, and those known to be published. */
  readonly sequence: number;
  readonly published: number;
  readonly commits: number;
}

/** How often it is looked, ms: as much is added to what is measured, at most, and each look takes CPU from it. */
const POLL = 50;
/** The same while this share of the records is not reached yet. */
const FAR = 250;
const NEAR = 0.9;
/** Without any progress for so long, a run has failed, ms. */
const STUCK = 120_000;

export class Progress {
  readonly #client: pg.Client;
  readonly #schema: string;

  private constructor(client: pg.Client, schema: string) {
    this.#client = client;
    this.#schema = schema;
  }

  static async open({ stack }: Ground, schema: string): Promise<Progress> {
    const client = new pg.Client(stack.databaseUrl);
    client.on('error', () => {});
    await client.connect();
    return new Progress(client, schema);
  }

  async read(): Promise<Reached> {
    const { rows } = await this.#client.query<Reached>({
      name: 'progress',
      text: `SELECT coalesce(sum(next_offset), 0)::float8 AS next, coalesce(sum(sequence), 0)::float8 AS sequence,
        coalesce(sum(published), 0)::float8 AS published, coalesce(sum(commit_number), 0)::float8 AS commits
        FROM ${this.#schema}.partition_state`,
    });
    return rows[0]!;
  }

  /** Next offset to fold, by partition. */
  async offsets(): Promise<ReadonlyMap<number, number>> {
    const { rows } = await this.#client.query<{ partition: number; next: number }>({
      name: 'offsets',
      text: `SELECT partition, next_offset::float8 AS next FROM ${this.#schema}.partition_state`,
    });
    return new Map(rows.map(({ partition, next }) => [partition, next]));
  }

  async hasOpen(): Promise<boolean> {
    const { rows } = await this.#client.query(`SELECT FROM ${this.#schema}.open_visit LIMIT 1`);
    return rows.length > 0;
  }

  /**
   * Waits until it is so. @param pause until the next look, ms.
   * @throws where a program ends, or nothing goes on for long.
   */
  async until(
    isSo: (reached: Reached) => boolean | Promise<boolean>,
    programs: readonly Program[],
    pause: (reached: Reached) => number = () => POLL,
  ): Promise<Reached> {
    let last = '';
    let since = performance.now();
    for (;;) {
      const reached = await this.read();
      if (await isSo(reached)) return reached;
      for (const program of programs) program.assertRuns();
      const now = JSON.stringify(reached);
      if (now !== last) since = performance.now();
      else if (performance.now() - since > STUCK) {
        throw new Error(`no progress for ${STUCK / 1000} s: ${now}\n${programs.map((one) => one.tail()).join('\n')}`);
      }
      last = now;
      await sleep(pause(reached));
    }
  }

  /** Waits until so many records are folded and committed, no visit is open, and all is published. */
  async untilDone(topic: string, records: number, programs: readonly Program[]): Promise<Reached> {
    const isSo = async ({ next, sequence, published }: Reached) => {
      if (next > records) throw new Error(`${topic} holds more than the ${records} records expected`);
      if (next < records || (await this.hasOpen())) return false;
      if (sequence === published) return true;
      const sent = (await Promise.all(programs.map((program) => program.metrics(SENT)))).flat();
      return sent.reduce((sum, one) => sum + one, 0) === sequence;
    };
    return await this.until(isSo, programs, ({ next }) => (next < NEAR * records ? FAR : POLL));
  }

  async close(): Promise<void> {
    await this.#client.end();
  }
}

/** Messages that are sent and committed, as the processor counts them: it writes that down once a second at most. */
const SENT = 'tidemark_published_messages_total';
