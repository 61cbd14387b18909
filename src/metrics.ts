/**
 * What `/metrics` shows, declared once. Base units; the only label that grows is the partition's number.
 *
 * Invariant: the counters of where every event went add up to the events read. They come from the folded state, which
 * counts each event once, and so they go on from where they were after a restart. What was folded and not committed is
 * folded again with the same counts: so a counter that has been shown never need go back, which Prometheus would take
 * for a restart and count twice.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Observer, PartitionReport } from './processor/observer.ts';

/** Outcome and reason of an event, and its counter in the folded state. */
const OUTCOMES = [
  ['accepted', 'started', 'started'],
  ['accepted', 'joined', 'joined'],
  ['accepted', 'merged', 'merged'],
  ['duplicate', 'resent', 'duplicate'],
  ['late', 'late', 'late'],
  ['dead_letter', 'undecodable', 'undecodable'],
  ['dead_letter', 'invalid', 'invalid'],
  ['dead_letter', 'future', 'future'],
  ['dead_letter', 'visit_full', 'visitFull'],
] as const;

const COUNTED = [
  ['tidemark_records_total', 'Records folded, by input partition, since its first offset.', 'records'],
  ['tidemark_amendments_total', 'Accepted events that amended what had been published.', 'amended'],
  ['tidemark_revisions_total', 'Revisions given to visits, debug ones included.', 'published'],
  ['tidemark_retractions_total', 'Revisions that took a merged visit back.', 'retracted'],
  [
    'tidemark_anticipations_wrong_total',
    'Times that a record proved wrong an end that the clock had anticipated.',
    'anticipationsWrong',
  ],
] as const;

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface MetricsOptions {
  readonly version: string;
  /** Asked at each scrape. */
  readonly reports: () => readonly PartitionReport[];
  /** ms since the epoch. */
  readonly now?: () => number;
  /** Memory, event loop and the like of this process. */
  readonly process?: boolean;
}

/** Tells Prometheus; is told by the processor. */
export class Metrics implements Observer {
  private readonly registry = new Registry();
  private readonly options: MetricsOptions;
  private readonly now: () => number;
  /** Highest count shown, by counter and partition; of partitions that are here. */
  private shown = new Map<string, number>();

  private readonly counters = new Map<string, Counter>();
  private readonly gauges = new Map<string, Gauge>();
  private readonly commitSeconds: Histogram;
  private readonly publishSeconds: Histogram;
  private readonly takeOverSeconds: Histogram;
  private readonly rows: Counter;
  private readonly messages: Counter;
  private readonly failures: Counter;
  private readonly rebalances: Counter;
  private readonly misplacedRecords: Counter;

  constructor(options: MetricsOptions) {
    this.options = options;
    this.now = options.now ?? Date.now;
    const registers = [this.registry];
    const partition = ['partition'];
    for (const [name, help] of COUNTED) {
      this.counters.set(name, new Counter({ name, help, labelNames: partition, registers }));
    }
    const events = 'tidemark_events_total';
    const help = 'Where every event went: the sum over outcome and reason is the events read.';
    this.counters.set(
      events,
      new Counter({ name: events, help, labelNames: ['partition', 'outcome', 'reason'], registers }),
    );
    for (const [name, help] of GAUGES)
      this.gauges.set(name, new Gauge({ name, help, labelNames: partition, registers }));

    const histogram = (name: string, help: string) => new Histogram({ name, help, buckets: SECONDS, registers });
    this.commitSeconds = histogram('tidemark_commit_duration_seconds', 'Commits to Postgres.');
    this.publishSeconds = histogram('tidemark_publish_duration_seconds', 'Transactions of the publisher.');
    this.takeOverSeconds = histogram('tidemark_take_over_duration_seconds', 'Taking over a partition.');
    const counter = (name: string, help: string, labelNames: string[] = []) =>
      new Counter({ name, help, labelNames, registers });
    this.rows = counter('tidemark_commit_rows_total', 'Rows written by commits.');
    this.messages = counter(
      'tidemark_published_messages_total',
      'Messages sent to output, dead-letter and late topics.',
    );
    this.failures = counter('tidemark_failures_total', 'Failures of what is outside; each is tried again.', ['part']);
    for (const part of ['broker', 'registry', 'store']) this.failures.inc({ part }, 0);
    this.misplacedRecords = counter(
      'tidemark_misplaced_records_total',
      'Records whose key is not their session id: sessions may be cut in two.',
      partition,
    );
    this.rebalances = counter('tidemark_rebalances_total', 'Times that the group gave out partitions.');
    const info = new Gauge({ name: 'tidemark_info', help: 'Always 1.', labelNames: ['version'], registers });
    info.set({ version: options.version }, 1);
    if (options.process ?? true) collectDefaultMetrics({ register: this.registry });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** The whole, in Prometheus' text format. */
  async text(): Promise<string> {
    this.read(this.options.reports());
    return this.registry.metrics();
  }

  committed({ ms, rows }: { readonly ms: number; readonly rows: number }): void {
    this.commitSeconds.observe(ms / 1_000);
    this.rows.inc(rows);
  }

  published({ ms, messages }: { readonly ms: number; readonly messages: number }): void {
    this.publishSeconds.observe(ms / 1_000);
    this.messages.inc(messages);
  }

  failed(part: 'broker' | 'registry' | 'store'): void {
    this.failures.inc({ part });
  }

  misplaced({ partition, count }: { readonly partition: number; readonly count: number }): void {
    this.misplacedRecords.inc({ partition }, count);
  }

  rebalanced(): void {
    this.rebalances.inc();
  }

  takenOver({ ms }: { readonly ms: number }): void {
    this.takeOverSeconds.observe(ms / 1_000);
  }

  private read(reports: readonly PartitionReport[]): void {
    const before = this.shown;
    this.shown = new Map();
    for (const counter of this.counters.values()) counter.reset();
    for (const gauge of this.gauges.values()) gauge.reset();
    for (const report of reports) {
      const { partition, counts } = report;
      for (const [name, , value] of GAUGES) {
        const reading = value(report, this.now());
        if (reading !== null) this.gauges.get(name)!.set({ partition }, reading);
      }
      if (counts === null) continue;
      const count = (name: string, key: string, labels: Record<string, string>) => {
        const at = `${partition} ${key}`;
        const value = Math.max(counts[key] ?? 0, before.get(at) ?? 0);
        this.shown.set(at, value);
        this.counters.get(name)!.inc({ partition, ...labels }, value);
      };
      for (const [name, , key] of COUNTED) count(name, key, {});
      for (const [outcome, reason, key] of OUTCOMES) count('tidemark_events_total', key, { outcome, reason });
    }
  }
}

type Reading = (report: PartitionReport, now: number) => number | null;
const seconds = (ms: number | null) => (ms === null ? null : ms / 1_000);
const lag = ({ end, nextOffset }: PartitionReport) =>
  end === null || nextOffset === null ? null : Math.max(0, end - nextOffset);

/** Of each partition that is here; what is not known yet is left out. */
const GAUGES: readonly (readonly [name: string, help: string, value: Reading])[] = [
  ['tidemark_partition_running', '1 once the partition is taken over and folded, 0 before.', running],
  ['tidemark_lag_records', 'Records between the next offset to fold and the end of the partition.', lag],
  ['tidemark_lag_seconds', 'Age of the last folded record where the partition is not drained; 0 where it is.', age],
  ['tidemark_next_offset', 'Next offset to fold.', ({ nextOffset }) => nextOffset],
  ['tidemark_arrival_clock_seconds', 'Arrival clock, as Unix time.', ({ arrivalClock }) => seconds(arrivalClock)],
  ['tidemark_watermark_seconds', 'Watermark, as Unix time.', ({ watermark }) => seconds(watermark)],
  ['tidemark_open_visits', 'Visits that are open.', ({ openVisits }) => openVisits],
  ['tidemark_outbox_bytes', 'Bytes committed and not published yet.', ({ backlogBytes }) => backlogBytes],
  ['tidemark_outbox_age_seconds', 'Age of the oldest message not published yet; 0 where there is none.', backlogAge],
];

function running({ phase }: PartitionReport): number {
  return phase === 'running' ? 1 : 0;
}

function age(report: PartitionReport, now: number): number | null {
  const behind = lag(report);
  if (behind === null) return null;
  if (behind === 0) return 0;
  return report.arrivalClock === null ? null : Math.max(0, (now - report.arrivalClock) / 1_000);
}

function backlogAge({ backlogSince }: PartitionReport, now: number): number {
  return backlogSince === null ? 0 : Math.max(0, (now - backlogSince) / 1_000);
}
