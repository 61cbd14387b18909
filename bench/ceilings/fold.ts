/** The core by itself: a partition that is folded with nothing to look anything up in, and nothing to write to. */
import { emptyState } from '../../src/core/changes.ts';
import { Partition } from '../../src/core/partition.ts';
import type { LogRecord } from '../../src/core/rules/event.ts';
import { DEFAULT_RULES } from '../../src/core/rules/rules.ts';

/** Records that are looked up at once, as the processor does it, and those of a commit that never goes anywhere. */
const SLICE = 1_000;
const COMMIT = 50_000;

export class Folding {
  events = 0;
  /** Messages that it gave out. */
  visits = 0;
  readonly #partition: Partition<unknown>;
  #folded = 0;

  constructor(topic: string, partition: number) {
    this.#partition = new Partition<unknown>(DEFAULT_RULES, { topic, partition }, emptyState(), []);
  }

  add(records: readonly LogRecord<unknown>[]): void {
    for (let i = 0; i < records.length; i += SLICE) this.#fold(records.slice(i, i + SLICE));
  }

  /** Ends what the arrival clock lets end, and takes what is left. */
  end(): void {
    this.#partition.endDue(Number.MAX_SAFE_INTEGER);
    this.#take();
  }

  #fold(records: readonly LogRecord<unknown>[]): void {
    const partition = this.#partition;
    const lookup = partition.prepare(records);
    if (lookup !== null) {
      // Nothing of any session is stored.
      partition.admit(lookup.sessions.map((session) => ({ ...session, ended: [], openEventIds: new Map() })));
    }
    for (const record of records) {
      partition.endDue(record.timestamp);
      partition.fold(record);
    }
    partition.endDue(null);
    this.events += records.length;
    this.#folded += records.length;
    if (this.#folded >= COMMIT) this.#take();
  }

  #take(): void {
    const { changes, inCommit } = this.#partition.take();
    this.#folded = 0;
    this.visits += changes.emissions.length;
    this.#partition.settle(inCommit);
  }
}
