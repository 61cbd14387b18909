import { noCounts, type PartitionState } from '../core/changes.ts';
import type { Visit } from '../core/memory/visit.ts';
import { VisitTable } from '../core/memory/visit-table.ts';
import type { RecordDigest } from '../ports/record.ts';
import type { Statement } from './batch.ts';
import { terminateOwner } from './owner.ts';
import type { Pipeline } from './pipeline.ts';
import { BinaryRows } from './row.ts';
import { readVisit, VISIT_COLUMNS } from './visit-row.ts';

/** A partition as its take-over finds it. */
export interface Holding {
  readonly epoch: number;
  readonly commitNumber: number;
  readonly state: PartitionState;
  readonly started: boolean;
  readonly lastRecord: RecordDigest | null;
  readonly published: number;
  readonly outboxBytes: number;
  readonly open: Visit[];
  readonly writerSchemas: ReadonlyMap<number, string>;
}

/**
 * Takes the partition from the owner before: ends its connection, then begins a new epoch.
 *
 * Invariant: the owner whose connection was ended is the one whose epoch is replaced. If another came between, all is
 * done again; so once this resolves no connection is left that could still commit to the partition, not even a commit
 * whose answer was lost.
 */
export async function takeOver(pipeline: Pipeline, partition: number, owner: string): Promise<Holding> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const before = await terminateOwner(pipeline, partition);
    const [rows] = await pipeline.run([{ statement: BEGIN_EPOCH, values: [partition, before, owner] }]);
    if (rows!.length > 0) return await load(pipeline, partition, rows![0]!);
  }
  throw new Error(
    `partition ${partition} was taken by others ${ATTEMPTS} times while it was being taken over: ` +
      'more than one group of processors works on this schema. Give each a schema of its own (database.schema)',
  );
}

const ATTEMPTS = 5;

const STATE = `epoch, commit_number, next_offset, sequence, arrival_clock, event_clock, anticipated_to, amendable, counts, started,
  last_offset, last_digest, published`;

const BEGIN_EPOCH: Statement = {
  name: 'take_over_begin_epoch',
  text: `WITH self AS (
      SELECT pid, backend_start, usesysid FROM pg_stat_activity WHERE pid = pg_backend_pid()
    )
    INSERT INTO partition_state AS p (partition, epoch, owner, owner_pid, owner_started, owner_role)
    SELECT $1, 1, $3, pid, backend_start, usesysid FROM self
    ON CONFLICT (partition) DO UPDATE SET
      epoch = p.epoch + 1, owner = excluded.owner, owner_pid = excluded.owner_pid,
      owner_started = excluded.owner_started, owner_role = excluded.owner_role, updated_at = now()
    WHERE p.epoch = $2
    RETURNING ${STATE}`,
};
/** A COPY, because a million visits may be open; it takes no parameters. */
const loadOpen = (partition: number): Statement => ({
  name: `take_over_load_open_${partition}`,
  text: `COPY (SELECT ${VISIT_COLUMNS} FROM open_visit WHERE partition = ${partition} ORDER BY visit_id)
    TO STDOUT (FORMAT binary)`,
});
const LOAD_SCHEMAS: Statement = {
  name: 'take_over_load_schemas',
  text: 'SELECT id, schema FROM writer_schema WHERE partition = $1',
};
const SUM_OUTBOX: Statement = {
  name: 'take_over_sum_outbox',
  text: 'SELECT coalesce(sum(bytes), 0) FROM outbox WHERE partition = $1 AND next_sequence > $2',
};

async function load(pipeline: Pipeline, partition: number, row: readonly (string | null)[]): Promise<Holding> {
  const [epoch, commitNumber, nextOffset, sequence, ...rest] = row;
  const [arrivalClock, eventClock, anticipatedTo, amendable, counts, started, lastOffset, lastDigest, published] = rest;
  const open: Visit[] = [];
  const table = new VisitTable();
  const rows = new BinaryRows();
  const [, schemas, outbox] = await pipeline.run([
    {
      statement: loadOpen(partition),
      onCopyOut: (data) => rows.read(data, (row) => open.push(readVisit(row, 'open', table))),
    },
    { statement: LOAD_SCHEMAS, values: [partition] },
    { statement: SUM_OUTBOX, values: [partition, published!] },
  ]);
  return {
    epoch: Number(epoch),
    commitNumber: Number(commitNumber),
    state: {
      nextOffset: Number(nextOffset),
      sequence: Number(sequence),
      arrivalClock: numberOrNull(arrivalClock!),
      eventClock: numberOrNull(eventClock!),
      anticipatedTo: numberOrNull(anticipatedTo!),
      amendable: JSON.parse(amendable!),
      counts: { ...noCounts(), ...JSON.parse(counts!) },
    },
    started: started === 't',
    lastRecord: lastOffset === null ? null : { offset: Number(lastOffset), digest: lastDigest! },
    published: Number(published),
    outboxBytes: Number(outbox![0]![0]),
    open,
    writerSchemas: new Map(schemas!.map(([id, schema]) => [Number(id), schema!])),
  };
}

function numberOrNull(value: string | null): number | null {
  return value === null ? null : Number(value);
}
