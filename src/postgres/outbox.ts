import type { OutboxRow } from '../ports/store.ts';
import type { Rows, Statement, Step } from './batch.ts';
import type { Blocks } from './blocks.ts';
import { CopyRows } from './copy.ts';
import { copy, copyStatement } from './statements.ts';

/** What fits into a page beside the rest of the row. */
const PIECE = 8_000;

const ADD: Statement = {
  name: 'commit_add_outbox',
  text: 'INSERT INTO outbox (partition, first_sequence, next_sequence, bytes) VALUES ($1, $2, $3, $4)',
};
const COPY_PIECES = copyStatement('outbox_piece', 'partition, first_sequence, piece, payload');

/** The messages of a commit. */
export function addOutboxSteps({ first, next, payload }: OutboxRow, partition: number, blocks: Blocks): Step[] {
  const rows = new CopyRows(4, blocks);
  for (let from = 0; from < payload.length; from += PIECE) {
    rows.row();
    rows.int(partition);
    rows.bigint(first);
    rows.int(from / PIECE);
    rows.bytea((out) => out.raw(payload.subarray(from, from + PIECE)));
  }
  return [{ statement: ADD, values: [partition, first, next, payload.length] }, ...copy(COPY_PIECES, rows)];
}

const TRIM: Statement = {
  name: 'trim_outbox',
  text: `WITH gone AS (
      DELETE FROM outbox WHERE partition = $1 AND next_sequence <= $2 RETURNING first_sequence)
    DELETE FROM outbox_piece p USING gone WHERE p.partition = $1 AND p.first_sequence = gone.first_sequence`,
};

/** Deletes all that is below `published`. */
export function trimStep(partition: number, published: number): Step {
  return { statement: TRIM, values: [partition, published] };
}

const READ: Statement = {
  name: 'outbox_read',
  text: `SELECT first_sequence, next_sequence, piece.payload
    FROM (
      SELECT first_sequence, next_sequence, row_number() OVER rows AS n, sum(bytes) OVER rows AS total
      FROM outbox WHERE partition = $1 AND next_sequence > $2
      WINDOW rows AS (ORDER BY first_sequence)
    ) ahead
    CROSS JOIN LATERAL (
      SELECT piece, payload FROM outbox_piece o WHERE o.partition = $1 AND o.first_sequence = ahead.first_sequence
    ) piece
    WHERE n = 1 OR total <= $3
    ORDER BY first_sequence, piece`,
};

/** The row that holds sequence `from`, and as many after it as fit into `maxBytes`. */
export function readOutboxSteps(partition: number, from: number, maxBytes: number): Step[] {
  return [{ statement: READ, values: [partition, from, Math.floor(maxBytes)] }];
}

export function readOutbox([rows]: Rows[]): OutboxRow[] {
  const found = Map.groupBy(rows!, ([first]) => first!);
  return [...found].map(([first, pieces]) => ({
    first: Number(first),
    next: Number(pieces[0]![1]),
    payload: Buffer.from(pieces.map(([, , payload]) => payload!.slice(2)).join(''), 'hex'),
  }));
}

export const ACKNOWLEDGE: Statement = {
  name: 'outbox_acknowledge',
  text: `WITH fenced AS (
      UPDATE partition_state SET published = greatest(published, $3), updated_at = now()
      WHERE partition = $1 AND epoch = $2 RETURNING 1)
    SELECT 1 / count(*) FROM fenced`,
};

export function acknowledgeSteps(partition: number, epoch: number, published: number): Step[] {
  return [{ statement: ACKNOWLEDGE, values: [partition, epoch, published] }, trimStep(partition, published)];
}
