import type { RecordBatch } from '../ports/log.ts';
import { sizeOf } from './memory-estimate.ts';

/** Bytes queued beyond the batch that is being folded: enough that reading and folding overlap. */
const ROOM_BYTES = 4_000_000;

/** A move of the position: over records, or (without any) over a stretch that holds nothing for us. */
export type Arrival = Pick<RecordBatch, 'from' | 'next' | 'records'>;

/**
 * Batches on their way from the reader to the fold.
 *
 * Invariant: what is taken out is the log without a hole and without a repetition from the offset that was sought: a
 * batch enters only if it begins where the last one ended. After a seek, a rebalance or a reset by the broker the
 * reader may still deliver what it had fetched before; folded, that would count records twice or leave some out.
 */
export class Inbox {
  private readonly items: { readonly arrival: Arrival; readonly bytes: number }[] = [];
  private bytes = 0;
  private waiters: (() => void)[] = [];
  private position: number | null = null;

  /** Where the next batch must begin; null while none is wanted. */
  get expected(): number | null {
    return this.position;
  }

  get isEmpty(): boolean {
    return this.items.length === 0;
  }

  /** Drops what is queued, and expects `offset` next; null: nothing. */
  reset(offset: number | null): void {
    this.items.length = 0;
    this.bytes = 0;
    this.position = offset;
    this.release();
  }

  /** @returns false if the arrival does not begin where the last one ended: it is dropped. */
  offer(arrival: Arrival): boolean {
    if (arrival.from !== this.position) return false;
    this.position = arrival.next;
    const bytes = bytesOf(arrival);
    this.items.push({ arrival, bytes });
    this.bytes += bytes;
    return true;
  }

  /** Removes what is queued next: one arrival, or several put into one, until they have at least `enough` records. */
  dequeue(enough = 1): Arrival | null {
    const first = this.items.shift();
    if (first === undefined) return null;
    let taken = first.arrival;
    this.bytes -= first.bytes;
    while (taken.records.length < enough && this.items.length > 0) {
      const { arrival, bytes } = this.items.shift()!;
      this.bytes -= bytes;
      taken = joined(taken, arrival);
    }
    if (this.bytes < ROOM_BYTES) this.release();
    return taken;
  }

  /** Resolves once there is room for more. */
  room(): Promise<void> {
    if (this.bytes < ROOM_BYTES) return Promise.resolve();
    return new Promise((resolve) => this.waiters.push(resolve));
  }

  private release(): void {
    const waiters = this.waiters;
    this.waiters = [];
    for (const resolve of waiters) resolve();
  }
}

/** Two that lie one after the other in the log. */
function joined(before: Arrival, after: Arrival): Arrival {
  const { records } = before;
  return {
    from: before.from,
    next: after.next,
    records: records.length === 0 ? after.records : [...records, ...after.records],
  };
}

function bytesOf(arrival: Arrival): number {
  let bytes = 0;
  for (const record of arrival.records) bytes += sizeOf(record);
  return bytes;
}
