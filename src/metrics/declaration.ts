/**
 * All that `/metrics` shows, declared once: the metrics, docs/METRICS.md and the tests' lists of names follow from this.
 * Units are base units; the partition is the only label whose values grow in number.
 */
import { BLOCKERS, type OutsidePart, type PartitionReport } from '../ports/observer.ts';
import { lagAge, lagOf } from '../processor/progress.ts';
import type {
  DeclaredMetric,
  FoldedCounter,
  PartitionGauge,
  ProcessCounter,
  ProcessGauge,
  ProcessHistogram,
} from './kinds.ts';

const PARTS: readonly OutsidePart[] = ['broker', 'registry', 'store'];
const QUICK = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SLOW = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 21_600];

const seconds = (ms: number | null) => (ms === null ? null : ms / 1_000);
/** How long ago, in seconds; below 0 where the time is ahead of this machine's clock. */
const since = (ms: number | null, now: number) => (ms === null ? null : (now - ms) / 1_000);

const folded = (name: string, help: string, series: FoldedCounter['series']): FoldedCounter => ({
  kind: 'folded',
  name,
  help,
  series,
});
const one = (name: string, help: string, key: FoldedCounter['series'][number]['key']): FoldedCounter =>
  folded(name, help, [{ labels: {}, key }]);
const read = (name: string, help: string, read: PartitionGauge['series'][number]['read']): PartitionGauge => ({
  kind: 'read',
  name,
  help,
  series: [{ labels: {}, read }],
});
const counted = (name: string, help: string, labels: ProcessCounter['labels'] = {}): ProcessCounter => ({
  kind: 'counted',
  name,
  help,
  labels,
});
const measured = (name: string, help: string, buckets = QUICK): ProcessHistogram => ({
  kind: 'measured',
  name,
  help,
  buckets,
});
const own = (name: string, help: string, labels: readonly string[] = []): ProcessGauge => ({
  kind: 'own',
  name,
  help,
  labels,
});

/** The metrics that the class in `metrics.ts` counts or knows itself, by their names there. */
export const OWN = {
  info: own('tidemark_info', 'Always 1.', ['version']),
  inputPartitions: own('tidemark_input_partitions', 'Partitions of the input topic, whoever has them.'),
  member: own('tidemark_group_member', '1 while all threads of this process are in the consumer group, else 0.'),
  workers: own('tidemark_workers', 'Threads that fold. Each is a member of the group, and has partitions of its own.'),
  rebalances: counted('tidemark_rebalances_total', 'Times that the group gave out partitions, to each of the threads.'),
  takeOverSeconds: measured('tidemark_take_over_duration_seconds', 'Taking over a partition.'),
  misplaced: counted(
    'tidemark_misplaced_records_total',
    'Records whose key is not their session id: sessions may be cut in two.',
    { partition: null },
  ),
  commitSeconds: measured('tidemark_commit_duration_seconds', 'Commits to Postgres.'),
  commitRows: counted('tidemark_commit_rows_total', 'Rows written by commits.'),
  commitRecords: counted('tidemark_commit_records_total', 'Records that were folded and are committed.'),
  commitBytes: counted('tidemark_commit_bytes_total', 'Size of commits, about, as commit.max_bytes bounds it.'),
  publishSeconds: measured('tidemark_publish_duration_seconds', 'Transactions of the publisher.'),
  dueSeconds: measured(
    'tidemark_due_to_published_seconds',
    "From the time at which a visit was due, by the log's clock, until its end was out; of ends that this process committed.",
    SLOW,
  ),
  messages: counted('tidemark_published_messages_total', 'Messages sent to output, dead-letter and late topics.'),
  delay: own(
    'tidemark_event_loop_delay_seconds',
    'Longest that a thread that folds was too busy for anything else, heartbeats too, since this was last asked for.',
  ),
  heap: own('tidemark_heap_bytes', 'Heap in use of the threads that fold, together.'),
  heapSize: own(
    'tidemark_heap_size_bytes',
    'What the heaps of the threads that fold have taken from the machine, in use or not, together.',
  ),
  external: own('tidemark_external_bytes', 'Buffers of the threads that fold, outside their heaps, together.'),
  gc: counted('tidemark_gc_seconds_total', 'Time that the threads that fold spent on collecting garbage, together.'),
  failures: counted('tidemark_failures_total', 'Failures of what is outside; each is tried again.', { part: PARTS }),
} as const;

/** The questions that the metrics answer, in the order in which one asks them. */
export const SECTIONS: readonly { readonly title: string; readonly metrics: readonly DeclaredMetric[] }[] = [
  {
    title: 'Is it there',
    metrics: [
      OWN.info,
      OWN.inputPartitions,
      OWN.member,
      OWN.workers,
      read('tidemark_partition_running', '1 once the partition is taken over and folded, 0 before.', running),
      OWN.rebalances,
      OWN.takeOverSeconds,
    ],
  },
  {
    title: 'Is it keeping up',
    metrics: [
      one(
        'tidemark_records_total',
        'Records folded and committed, by input partition, since its first offset.',
        'records',
      ),
      read('tidemark_lag_records', 'Records between the next offset to commit and the end of the partition.', lagOf),
      read(
        'tidemark_lag_seconds',
        'How old what is not committed yet may be: since the last committed record, or since nothing was left, whichever is later; 0 where nothing is left.',
        (report, now) => seconds(lagAge(report, now)),
      ),
      read(
        'tidemark_next_offset',
        'Next offset to commit: all before it is folded and committed.',
        ({ nextOffset }) => nextOffset,
      ),
      {
        kind: 'read',
        name: 'tidemark_partition_waiting_seconds',
        help: 'How long the partition has been waiting for Postgres (store), the brokers that have the input, the registry, room in the outbox (publisher), that its messages can be published (output), or the group; 0 where it is not.',
        series: BLOCKERS.map((blocker) => ({ labels: { for: blocker }, read: waiting(blocker) })),
      },
      read(
        'tidemark_store_call_seconds',
        'How long the oldest call to Postgres that is under way has had no answer: a commit, a look-up, a take-over, a sign of life; 0 where none is.',
        ({ storeCallSince }, now) => (storeCallSince === null ? 0 : Math.max(0, (now - storeCallSince) / 1_000)),
      ),
    ],
  },
  {
    title: 'What time is it there',
    metrics: [
      read('tidemark_arrival_clock_seconds', 'Arrival clock, as Unix time.', (of) => seconds(of.arrivalClock)),
      read('tidemark_event_clock_seconds', 'Event clock, as Unix time.', (of) => seconds(of.eventClock)),
      read('tidemark_watermark_seconds', 'Watermark, as Unix time.', (of) => seconds(of.watermark)),
      read(
        'tidemark_arrival_clock_delay_seconds',
        "How far the arrival clock is behind this machine's, also while nothing arrives; below 0: the brokers' clock is ahead.",
        (of, now) => since(of.arrivalClock, now),
      ),
      read(
        'tidemark_event_clock_delay_seconds',
        "How far the event clock is behind this machine's, also while nothing arrives.",
        (of, now) => since(of.eventClock, now),
      ),
      one('tidemark_clock_regressions_total', 'Records stamped before the arrival clock.', 'clockRegressions'),
      one(
        'tidemark_unstamped_records_total',
        'Records that the brokers did not stamp, though they are to: they move no clock. None with input.timestamps: create.',
        'unstamped',
      ),
      one(
        'tidemark_anticipations_wrong_total',
        'Times that a record proved wrong an end that the clock had anticipated.',
        'anticipationsWrong',
      ),
    ],
  },
  {
    title: 'Where events go',
    metrics: [
      folded('tidemark_events_total', 'Where every event went: the sum over outcome and reason is the events read.', [
        { labels: { outcome: 'accepted', reason: 'started' }, key: 'started' },
        { labels: { outcome: 'accepted', reason: 'joined' }, key: 'joined' },
        { labels: { outcome: 'accepted', reason: 'merged' }, key: 'merged' },
        { labels: { outcome: 'duplicate', reason: 'resent' }, key: 'duplicate' },
        { labels: { outcome: 'late', reason: 'late' }, key: 'late' },
        { labels: { outcome: 'dead_letter', reason: 'undecodable' }, key: 'undecodable' },
        { labels: { outcome: 'dead_letter', reason: 'invalid' }, key: 'invalid' },
        { labels: { outcome: 'dead_letter', reason: 'future' }, key: 'future' },
        { labels: { outcome: 'dead_letter', reason: 'visit_full' }, key: 'visitFull' },
      ]),
      one('tidemark_amendments_total', 'Accepted events that amended what had been published.', 'amended'),
      OWN.misplaced,
    ],
  },
  {
    title: 'Are visits ending',
    metrics: [
      read('tidemark_open_visits', 'Visits that are open.', ({ openVisits }) => openVisits),
      folded('tidemark_visits_ended_total', 'Ends of visits; one that was amended ends again.', [
        { labels: { reason: 'inactivity' }, key: 'endedInactivity' },
        { labels: { reason: 'explicit' }, key: 'endedExplicit' },
        { labels: { reason: 'max_duration' }, key: 'endedMaxDuration' },
        { labels: { reason: 'max_events' }, key: 'endedMaxEvents' },
      ]),
      read(
        'tidemark_visits_overdue_seconds',
        "How long, at most, a visit is overdue by this machine's clock; where nothing arrives, visit.clock_margin is part of it.",
        ({ nextDue }, now) => (nextDue === null ? 0 : Math.max(0, (now - nextDue) / 1_000)),
      ),
      one('tidemark_revisions_total', 'Revisions given to visits, debug ones included.', 'published'),
      one('tidemark_retractions_total', 'Revisions that took a merged visit back.', 'retracted'),
    ],
  },
  {
    title: 'Is it kept, and published',
    metrics: [
      OWN.commitSeconds,
      OWN.commitRows,
      OWN.commitRecords,
      OWN.commitBytes,
      read('tidemark_outbox_messages', 'Messages committed and not published yet.', (of) => of.backlogMessages),
      read('tidemark_outbox_bytes', 'Bytes committed and not published yet.', (of) => of.backlogBytes),
      read(
        'tidemark_outbox_age_seconds',
        'Age of the oldest message not published yet; 0 where there is none.',
        ({ backlogSince }, now) => (backlogSince === null ? 0 : Math.max(0, (now - backlogSince) / 1_000)),
      ),
      OWN.publishSeconds,
      OWN.dueSeconds,
      OWN.messages,
    ],
  },
  { title: 'What fails', metrics: [OWN.failures] },
  { title: 'What it costs', metrics: [OWN.delay, OWN.heap, OWN.heapSize, OWN.external, OWN.gc] },
];

export const METRICS: readonly DeclaredMetric[] = SECTIONS.flatMap(({ metrics }) => metrics);

function running({ phase }: PartitionReport): number {
  return phase === 'running' ? 1 : 0;
}

function waiting(blocker: (typeof BLOCKERS)[number]): (report: PartitionReport, now: number) => number {
  return ({ waits }, now) => {
    const since = Math.min(...waits.filter((wait) => wait.for === blocker).map((wait) => wait.since));
    return since === Number.POSITIVE_INFINITY ? 0 : Math.max(0, (now - since) / 1_000);
  };
}
