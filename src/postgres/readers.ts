import type { Rows, Step } from './batch.ts';
import type { Pipeline } from './pipeline.ts';
import { Slots } from './slots.ts';

/**
 * Connections for reading what is committed, shared by the leases of a store and opened when they are first needed: a
 * look-up must not wait until the commit that its lease has under way is through.
 */
export class Readers {
  readonly #open: () => Promise<Pipeline>;
  readonly #slots: Slots;
  readonly #idle: Pipeline[] = [];
  #closed = false;

  /** @param most connections at once */
  constructor(open: () => Promise<Pipeline>, most: number) {
    this.#open = open;
    this.#slots = new Slots(most);
  }

  /** @returns rows of each step, from any free connection. @throws StepFailed, or why there is no connection */
  run(steps: readonly Step[]): Promise<Rows[]> {
    return this.#slots.run(async () => {
      const pipeline = this.#popIdle() ?? (await this.#open());
      try {
        return await pipeline.run(steps);
      } finally {
        if (pipeline.isDead || this.#closed) await pipeline.end(0);
        else this.#idle.push(pipeline);
      }
    });
  }

  /** Never throws. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#idle.splice(0).map((pipeline) => pipeline.end(0)));
  }

  /** Drops connections that the server has closed meanwhile. */
  #popIdle(): Pipeline | undefined {
    for (let pipeline = this.#idle.pop(); pipeline !== undefined; pipeline = this.#idle.pop()) {
      if (!pipeline.isDead) return pipeline;
    }
    return undefined;
  }
}
