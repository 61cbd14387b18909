/**
 * Invariant: of what a fetch brings, exactly the records of aborted transactions are marked to be dropped. KafkaJS's
 * own filter lets some through: where two aborted transactions were open before the fetch's first record, where the
 * broker's list is not in order, and after a record whose key is four zero bytes. An aborted resend that counts
 * breaks exactly-once for everyone behind it.
 */

/** A record as KafkaJS decodes it, of whatever kind. */
export interface FetchedRecord {
  readonly offset: string;
  readonly key: Buffer | null;
  isControlRecord?: boolean;
  readonly batchContext?: { readonly producerId: string; readonly inTransaction: boolean };
}

export interface AbortedTransaction {
  readonly producerId: string;
  readonly firstOffset: string;
}

/** Type of the control record that ends an aborted transaction, in bytes 2 and 3 of its key. */
const ABORT = 0;

/**
 * Marks records of aborted transactions as control records, which KafkaJS drops but still counts in its position.
 * `records` are one partition's, in order of offset; `aborted` may be in any order.
 */
export function markAborted(records: readonly FetchedRecord[], aborted: readonly AbortedTransaction[]): void {
  if (aborted.length === 0) return;
  const ahead = aborted
    .map(({ producerId, firstOffset }) => ({ producerId, first: Number(firstOffset) }))
    .sort((a, b) => a.first - b.first);
  const open = new Set<string>();
  let at = 0;
  for (const record of records) {
    const offset = Number(record.offset);
    for (; at < ahead.length && ahead[at]!.first <= offset; at += 1) open.add(ahead[at]!.producerId);
    const { batchContext } = record;
    if (batchContext === undefined) continue;
    if (record.isControlRecord) {
      if (endsAborted(record)) open.delete(batchContext.producerId);
    } else if (batchContext.inTransaction && open.has(batchContext.producerId)) {
      record.isControlRecord = true;
    }
  }
}

/** Whether a control record ends an aborted transaction; what is no control record never does. */
export function endsAborted({ key, isControlRecord }: FetchedRecord): boolean {
  return isControlRecord === true && key !== null && key.length >= 4 && key.readInt16BE(2) === ABORT;
}
