import type { Lease, OutboxRow } from '../ports/store.ts';

/** What one Kafka transaction sends at most; the output splits it into requests. */
export const TRANSACTION_BYTES = 4_000_000;
/** Committed rows kept in memory so that they need not be read back from the store; one is kept however large it is. */
const QUEUE_BYTES = 16_000_000;

/**
 * Committed rows that are not published yet, in order: from memory, as far as they fit there, then from the store.
 *
 * Invariant: once a row was left out of the queue none enters it before all are out. Otherwise the publisher would skip
 * those that lie between in the store.
 */
export class SendQueue {
  private readonly lease: Pick<Lease<never>, 'outbox'>;
  private readonly queue: OutboxRow[] = [];
  private bytes = 0;
  /** Rows were committed that are not in the queue: they have to be read from the store. */
  private mustReadStore: boolean;

  /** @param mustReadStore whether the store holds rows already. */
  constructor(lease: Pick<Lease<never>, 'outbox'>, mustReadStore: boolean) {
    this.lease = lease;
    this.mustReadStore = mustReadStore;
  }

  /** The store holds this row now. */
  add(row: OutboxRow): void {
    const size = row.payload.length;
    if (this.mustReadStore || (this.queue.length > 0 && this.bytes + size > QUEUE_BYTES)) {
      this.mustReadStore = true;
      return;
    }
    this.queue.push(row);
    this.bytes += size;
  }

  /** The rows to send next, for one transaction; null: all are out. @param from sequence of the next message to send. */
  async first(from: number): Promise<readonly OutboxRow[] | null> {
    if (this.queue.length > 0) return this.firstQueued();
    return this.mustReadStore ? await this.lease.outbox(from, TRANSACTION_BYTES) : null;
  }

  private firstQueued(): OutboxRow[] {
    const rows: OutboxRow[] = [];
    let bytes = 0;
    for (const row of this.queue) {
      if (rows.length > 0 && bytes + row.payload.length > TRANSACTION_BYTES) break;
      rows.push(row);
      bytes += row.payload.length;
    }
    return rows;
  }

  /** All messages before `sequence` are out. @param isAll whether that is all that the store holds. */
  dropUpTo(sequence: number, isAll: boolean): void {
    while (this.queue.length > 0 && this.queue[0]!.next <= sequence) {
      this.bytes -= this.queue.shift()!.payload.length;
    }
    // Also where all was out before it was committed, as after a database was set back: nothing is left to read.
    if (isAll) this.mustReadStore = false;
  }
}
