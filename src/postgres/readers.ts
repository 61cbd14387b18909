import type { Rows, Step } from './batch.ts';
import type { Session } from './session.ts';
import { Slots } from './slots.ts';

/**
 * Connections for reading what is committed, shared by the leases of a store and opened when they are first needed: a
 * look-up must not wait until the commit that its lease has under way is through.
 */
export class Readers {
  readonly #open: () => Promise<Session>;
  readonly #slots: Slots;
  readonly #idle: Session[] = [];
  #closed = false;

  /** @param most connections at once */
  constructor(open: () => Promise<Session>, most: number) {
    this.#open = open;
    this.#slots = new Slots(most);
  }

  /** Rows of each step, on whichever connection is free. @throws StepFailed, or why there is no connection */
  run(steps: readonly Step[]): Promise<Rows[]> {
    return this.#slots.run(async () => {
      const session = this.#take() ?? (await this.#open());
      try {
        return await session.run(steps);
      } finally {
        if (session.isDead || this.#closed) await session.end(0);
        else this.#idle.push(session);
      }
    });
  }

  /** Never throws. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#idle.splice(0).map((session) => session.end(0)));
  }

  /** One that the server has closed meanwhile is of no use. */
  #take(): Session | undefined {
    for (let session = this.#idle.pop(); session !== undefined; session = this.#idle.pop()) {
      if (!session.isDead) return session;
    }
    return undefined;
  }
}
