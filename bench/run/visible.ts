/** How long after its append a record is in what SQL shows. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Weighted } from '../report/statistics.ts';
import type { Sent } from '../workload/live.ts';
import type { Progress } from './progress.ts';

/** How often it is looked, ms: as much is added to what is measured, at most; each look costs Postgres 0.1 ms. */
const POLL = 20;

/** Matches what the broker took with what the views hold. */
export class Visible {
  readonly delays = new Weighted();
  readonly #waiting = new Map<number, Sent[]>();
  #stopped = false;

  sent(batches: readonly Sent[]): void {
    for (const batch of batches) {
      const waiting = this.#waiting.get(batch.partition) ?? [];
      waiting.push(batch);
      this.#waiting.set(batch.partition, waiting);
    }
  }

  /**
   * Looks until it is stopped. Views and offsets change in one commit: what the offset is past is in the views.
   * @param counts whether what was appended at that time, ms since the epoch, is part of the measurement.
   */
  async watch(progress: Progress, counts: (appendTime: number) => boolean): Promise<void> {
    try {
      while (!this.#stopped) {
        const offsets = await progress.offsets();
        this.seen(offsets, Date.now(), counts);
        await sleep(POLL);
      }
    } finally {
      this.#stopped = true;
    }
  }

  /** The views hold all records below these offsets. */
  seen(offsets: ReadonlyMap<number, number>, now: number, counts: (appendTime: number) => boolean = () => true): void {
    for (const [partition, waiting] of this.#waiting) {
      const next = offsets.get(partition) ?? 0;
      const done = waiting.findIndex(({ offset, records }) => offset + records > next);
      for (const { appendTime, records } of waiting.splice(0, done < 0 ? waiting.length : done)) {
        if (appendTime === null) throw new Error('the topic does not stamp append times: set message.timestamp.type');
        if (counts(appendTime)) this.delays.add(now - appendTime, records);
      }
    }
  }

  /** Resolves once all that was sent has been seen. */
  async drained(): Promise<void> {
    while (!this.#stopped && [...this.#waiting.values()].some((waiting) => waiting.length > 0)) await sleep(POLL);
  }

  stop(): void {
    this.#stopped = true;
  }
}
