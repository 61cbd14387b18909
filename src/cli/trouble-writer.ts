import type { Logger } from 'pino';
import { messageOf } from '../ports/errors.ts';
import type { PartitionReport } from '../ports/observer.ts';
import { PROCESS_NAME } from '../ports/process-name.ts';
import { connect } from '../postgres/connect.ts';
import { type ReportedWait, type Trouble, writeTrouble } from '../postgres/trouble.ts';
import type { Settings } from '../settings/index.ts';
import type { Clock } from '../time/clock.ts';
import { wallClock } from '../time/clock.ts';
import { Outage } from '../time/outage.ts';
import { Waker, within } from '../time/waiting.ts';

/** Time between two looks whether there is something to write, ms. */
const TICK = 1_000;
/** A wait shorter than this is no trouble, ms. */
const LONG = 2_000;
/** Time after which what lasts is written again, ms: waits, and the rest. */
const WAITS_AGAIN = 5_000;
const TEXT_AGAIN = 60_000;
/** A connection on which Postgres is silent for this long, ms, is given up; the next look opens another. */
const ANSWER_WITHIN = 5_000;
/** How long the end waits for Postgres, ms. */
const STOP_WITHIN = 1_000;

export interface TroubleWriterParts {
  readonly reports: () => readonly PartitionReport[];
  /** Gives why the processor cannot do its work; null: it can. */
  readonly hindrance: () => string | null;
  /** Writes what keeps the processor from its work; null: removes it. @throws while that cannot be done */
  readonly write: (trouble: Omit<Trouble, 'processor'> | null) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Writes to Postgres what a processor and its partitions wait for, over connections of its own, in the words of the log and of
 * `/readyz`: `status` reads it there.
 */
export class TroubleWriter {
  readonly #parts: TroubleWriterParts;
  readonly #waker: Waker;
  readonly #outage: Outage;
  #text: string | null = null;
  /** What was written last, as JSON; null: nothing keeps the processor from its work. */
  #written: string | null = null;
  #writtenAt = 0;
  #stopping = false;
  #done: Promise<void> | null = null;

  constructor(parts: TroubleWriterParts) {
    this.#parts = parts;
    this.#waker = new Waker(parts.clock);
    this.#outage = new Outage(parts.clock, parts.logger);
  }

  start(): void {
    this.#done = this.#run();
  }

  /** Sets what else keeps the processor from its work; null: nothing does. It is written at the next look. */
  note(text: string | null): void {
    this.#text = text;
    this.#waker.wake();
  }

  /** Removes what was written. Resolves within a second, even if Postgres is away: what is not renewed is soon too old. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#waker.wake();
    const withdrawn = (async () => {
      await this.#done;
      if (this.#written !== null) await this.#write(null);
    })();
    await within(this.#parts.clock, STOP_WITHIN, withdrawn);
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
    const trouble = text === '' && waits.length === 0 ? null : { text, waits };
    const again = waits.length > 0 ? WAITS_AGAIN : TEXT_AGAIN;
    const isNew = keyOf(trouble) !== this.#written;
    if (!isNew && (trouble === null || clock.elapsed() - this.#writtenAt < again)) return;
    await this.#write(trouble);
  }

  async #write(trouble: Omit<Trouble, 'processor'> | null): Promise<void> {
    try {
      await this.#parts.write(trouble);
      this.#written = keyOf(trouble);
      this.#writtenAt = this.#parts.clock.elapsed();
      this.#outage.over('what keeps this processor from its work is noted for `status` again');
    } catch (error) {
      this.#outage.failed(
        { err: messageOf(error) },
        'what keeps this processor from its work could not be noted for `status`',
      );
    }
  }
}

function keyOf(trouble: object | null): string | null {
  return trouble === null ? null : JSON.stringify(trouble);
}

function longWaits(reports: readonly PartitionReport[], now: number): ReportedWait[] {
  return reports.flatMap(({ partition, waits }) =>
    waits.filter(({ since }) => now - since >= LONG).map((wait) => ({ partition, ...wait })),
  );
}

/** A writer to the database that the settings name. */
export function troubleWriterOf(
  { database }: Settings,
  parts: Omit<TroubleWriterParts, 'write' | 'clock'>,
): TroubleWriter {
  return new TroubleWriter({
    ...parts,
    clock: wallClock,
    write: async (trouble) => {
      const client = await connect(database, 'tidemark run', ANSWER_WITHIN);
      await writeTrouble(client, PROCESS_NAME, trouble).finally(() => client.end());
    },
  });
}
