import type { OutboxRow } from '../processor/ports.ts';
import type { Rows, Statement, Step } from './batch.ts';
import { TRIM_OUTBOX } from './commit.ts';

const READ: Statement = {
  name: 'outbox_read',
  text: `SELECT first_sequence, next_sequence, payload
    FROM (
      SELECT first_sequence, next_sequence, payload, row_number() OVER rows AS n, sum(bytes) OVER rows AS total
      FROM outbox WHERE partition = $1 AND next_sequence > $2
      WINDOW rows AS (ORDER BY first_sequence)
    ) ahead
    WHERE n = 1 OR total <= $3
    ORDER BY first_sequence`,
};
export const ACKNOWLEDGE: Statement = {
  name: 'outbox_acknowledge',
  text: `WITH fenced AS (
      UPDATE partition_state SET published = greatest(published, $3), updated_at = now()
      WHERE partition = $1 AND epoch = $2 RETURNING 1)
    SELECT 1 / count(*) FROM fenced`,
};

/** The row that holds sequence `from`, and as many after it as fit into `maxBytes`. */
export function outboxSteps(partition: number, from: number, maxBytes: number): Step[] {
  return [{ statement: READ, values: [partition, from, Math.floor(maxBytes)] }];
}

export function readOutbox([rows]: Rows[]): OutboxRow[] {
  return rows!.map(([first, next, payload]) => ({
    first: Number(first),
    next: Number(next),
    payload: Buffer.from(payload!.slice(2), 'hex'),
  }));
}

export function acknowledgeSteps(partition: number, epoch: number, published: number): Step[] {
  return [
    { statement: ACKNOWLEDGE, values: [partition, epoch, published] },
    { statement: TRIM_OUTBOX, values: [partition, published] },
  ];
}
