import type { Logger } from 'pino';
import { messageOf } from '../ports/errors.ts';
import type { PartitionReport } from '../ports/observer.ts';
import { PROCESS_NAME } from '../ports/process-name.ts';
import { connect } from '../postgres/connect.ts';
import { type ToldWait, type Trouble, tellTrouble } from '../postgres/trouble.ts';
import type { Settings } from '../settings/index.ts';
import type { Clock } from '../time/clock.ts';
import { wallClock } from '../time/clock.ts';
import { Outage } from '../time/outage.ts';
import { Waker, within } from '../time/waiting.ts';

/** How often it is looked whether there is something to tell, ms. */
const TICK = 1_000;
/** A wait shorter than this is how things are, ms. */
const LONG = 2_000;
/** How often waits and all else are told again while they last, ms. */
const WAITS_AGAIN = 5_000;
const TEXT_AGAIN = 60_000;
/** Postgres that does not answer within this is asked again soon, ms. */
const SILENCE = 5_000;
/** How long the end waits for it, ms. */
const LAST = 1_000;

export interface TellerParts {
  readonly reports: () => readonly PartitionReport[];
  /** Why the processor cannot do its work; null: it can. */
  readonly hindrance: () => string | null;
  /** Writes what is to be read; null: nothing is. @throws while that cannot be done */
  readonly write: (told: Omit<Trouble, 'processor'> | null) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Tells Postgres what a processor and its partitions wait for, over connections of its own: `status` reads it there, and has it
 * in the words of the log and of `/readyz`.
 */
export class Teller {
  readonly #parts: TellerParts;
  readonly #waker: Waker;
  readonly #outage: Outage;
  #text: string | null = null;
  #told: string | null = null;
  #toldAt = 0;
  #stopping = false;
  #done: Promise<void> | null = null;

  constructor(parts: TellerParts) {
    this.#parts = parts;
    this.#waker = new Waker(parts.clock);
    this.#outage = new Outage(parts.clock, parts.logger);
  }

  start(): void {
    this.#done = this.#run();
  }

  /** What else keeps the processor from its work; null: nothing does. Told at the next turn. */
  say(text: string | null): void {
    this.#text = text;
    this.#waker.wake();
  }

  /** Takes back what was told. Resolves within a second, whatever is away: what is not told again is soon too old to be read. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#waker.wake();
    const takenBack = (async () => {
      await this.#done;
      if (this.#told !== null) await this.#write(null);
    })();
    await within(this.#parts.clock, LAST, takenBack);
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      await this.#look();
      await this.#waker.sleep(TICK);
    }
  }

  async #look(): Promise<void> {
    const { clock, reports, hindrance } = this.#parts;
    const waits = longWaits(reports(), clock.now());
    const text = this.#text ?? (waits.length === 0 ? hindrance() : null) ?? '';
    const told = text === '' && waits.length === 0 ? null : { text, waits };
    const again = waits.length > 0 ? WAITS_AGAIN : TEXT_AGAIN;
    const isNew = keyOf(told) !== this.#told;
    if (!isNew && (told === null || clock.elapsed() - this.#toldAt < again)) return;
    await this.#write(told);
  }

  async #write(told: Omit<Trouble, 'processor'> | null): Promise<void> {
    try {
      await this.#parts.write(told);
      this.#told = keyOf(told);
      this.#toldAt = this.#parts.clock.elapsed();
      this.#outage.over('what keeps this processor from its work is noted for `status` again');
    } catch (error) {
      this.#outage.failed(
        { err: messageOf(error) },
        'what keeps this processor from its work could not be noted for `status`',
      );
    }
  }
}

function keyOf(told: object | null): string | null {
  return told === null ? null : JSON.stringify(told);
}

function longWaits(reports: readonly PartitionReport[], now: number): ToldWait[] {
  return reports.flatMap(({ partition, waits }) =>
    waits.filter(({ since }) => now - since >= LONG).map((wait) => ({ partition, ...wait })),
  );
}

/** Over the database that the settings name. */
export function tellerOf({ database }: Settings, parts: Omit<TellerParts, 'write' | 'clock'>): Teller {
  return new Teller({
    ...parts,
    clock: wallClock,
    write: async (told) => {
      const client = await connect(database, 'tidemark run', SILENCE);
      await tellTrouble(client, PROCESS_NAME, told).finally(() => client.end());
    },
  });
}
