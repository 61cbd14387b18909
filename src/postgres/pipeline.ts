import type pg from 'pg';
import { wallClock } from '../time/clock.ts';
import { within } from '../time/waiting.ts';
import { Batch, type Rows, type Step } from './batch.ts';

/**
 * A connection that runs one batch after the other, in the order of the calls.
 *
 * Invariant: after the first error nothing runs on it any more. What the server did after an error cannot be known from
 * here, so the caller takes over anew, on another connection.
 */
export class Pipeline {
  readonly #client: pg.Client;
  readonly #prepared = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();
  #dead: Error | null = null;

  constructor(client: pg.Client) {
    this.#client = client;
    client.on('error', (error) => this.#die(error));
    client.on('end', () => this.#die(new Error('the connection to Postgres was closed')));
  }

  /** Whether it has failed or was ended: nothing runs on it any more. */
  get isDead(): boolean {
    return this.#dead !== null;
  }

  /** @throws Error if it is dead */
  assertAlive(): void {
    if (this.#dead === null) return;
    throw new Error(`this connection is of no use any more: ${this.#dead.message}`, { cause: this.#dead });
  }

  /**
   * Runs the steps as one transaction.
   * @param before statements without parameters to run first, each a transaction of its own
   * @returns the rows of each step
   * @throws StepFailed
   */
  run(steps: readonly Step[], before: readonly string[] = []): Promise<Rows[]> {
    return this.#next(async () => {
      for (const sql of before) await this.#client.query(sql);
      const batch = new Batch(steps, this.#prepared);
      this.#client.query(batch);
      return await batch.answer;
    });
  }

  /** Closes the connection within `patienceMs`, after what is under way if that ends in time. Never throws. */
  async end(patienceMs: number, last: readonly Step[] = []): Promise<void> {
    const inOrder = (async () => {
      if (last.length > 0 && this.#dead === null) await this.run(last);
      await this.#last;
    })().catch(() => {});
    await within(wallClock, patienceMs, inOrder);
    this.#die(new Error('the connection to Postgres was given up'));
    await within(wallClock, 250, this.#client.end());
    destroy(this.#client);
  }

  #next<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(async () => {
      this.assertAlive();
      try {
        return await task();
      } catch (error) {
        this.#die(error as Error);
        throw error;
      }
    });
    this.#last = result.catch(() => {});
    return result;
  }

  #die(error: Error): void {
    this.#dead ??= error;
  }
}

function destroy(client: pg.Client): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}
