import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Observer, OutsidePart, PartitionReport } from '../ports/observer.ts';
import { METRICS, OWN } from './declaration.ts';
import { type DeclaredMetric, labelsOf } from './kinds.ts';

export interface MetricsOptions {
  readonly version: string;
  /** Called at each scrape. */
  readonly reports: () => readonly PartitionReport[];
  /** Whether this process is in the consumer group, how many partitions the input has, and threads fold; null: not known yet. */
  readonly group?: () => { readonly member: boolean; readonly partitions: number; readonly workers: number } | null;
  /** The load of the threads that fold: delays since the last call, all else since they began. */
  readonly load?: () => {
    readonly delaySeconds: number;
    readonly heapBytes: number;
    readonly heapSizeBytes: number;
    readonly externalBytes: number;
    readonly gcSeconds: number;
  } | null;
  /** ms since the epoch. */
  readonly now?: () => number;
  /** Whether to show memory, event loop and the like of this process. */
  readonly process?: boolean;
}

type Committed = Parameters<Observer['committed']>[0];
type Published = Parameters<Observer['published']>[0];

/**
 * Counts the processor's reports, for Prometheus.
 *
 * Invariant: the counters of what became of events add up to the events read. They come from the folded state, which counts
 * each event once, and so they go on from where they were after a restart. What was folded and not committed is folded again
 * with the same counts: so a counter that was shown never has to go back, which Prometheus would take for a restart and count
 * twice.
 */
export class Metrics implements Observer {
  private readonly registry = new Registry();
  private readonly options: MetricsOptions;
  private readonly now: () => number;
  private readonly counters = new Map<string, Counter>();
  private readonly gauges = new Map<string, Gauge>();
  private readonly histograms = new Map<string, Histogram>();
  /** Highest count shown, by counter and partition, for partitions of this process. */
  private shown = new Map<string, number>();

  constructor(options: MetricsOptions) {
    this.options = options;
    this.now = options.now ?? Date.now;
    for (const metric of METRICS) this.register(metric);
    this.gauge(OWN.info).set({ version: options.version }, 1);
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

  committed({ ms, rows, records, bytes }: Committed): void {
    this.histogram(OWN.commitSeconds).observe(ms / 1_000);
    this.counter(OWN.commitRows).inc(rows);
    this.counter(OWN.commitRecords).inc(records);
    this.counter(OWN.commitBytes).inc(bytes);
  }

  published({ ms, messages, delays }: Published): void {
    this.histogram(OWN.publishSeconds).observe(ms / 1_000);
    this.counter(OWN.messages).inc(messages);
    const due = this.histogram(OWN.dueSeconds);
    for (const delay of delays) due.observe(delay / 1_000);
  }

  failed(part: OutsidePart): void {
    this.counter(OWN.failures).inc({ part });
  }

  misplaced({ partition, count }: { readonly partition: number; readonly count: number }): void {
    this.counter(OWN.misplaced).inc({ partition }, count);
  }

  rebalanced(): void {
    this.counter(OWN.rebalances).inc();
  }

  takenOver({ partition, ms }: { readonly partition: number; readonly ms: number }): void {
    this.histogram(OWN.takeOverSeconds).observe(ms / 1_000);
    // The counter is shown as 0 first, so that Prometheus sees the first increment as a rise.
    this.counter(OWN.misplaced).inc({ partition }, 0);
  }

  private register(metric: DeclaredMetric): void {
    const { name, help, kind } = metric;
    const labelNames = labelsOf(metric).map(([label]) => label);
    const configuration = { name, help, labelNames, registers: [this.registry] };
    if (kind === 'measured') {
      this.histograms.set(name, new Histogram({ ...configuration, buckets: [...metric.buckets] }));
    } else if (kind === 'read' || kind === 'own') {
      this.gauges.set(name, new Gauge(configuration));
    } else {
      const counter = new Counter(configuration);
      this.counters.set(name, counter);
      if (kind !== 'counted') return;
      for (const [label, values] of Object.entries(metric.labels))
        for (const value of values ?? []) counter.inc({ [label]: value }, 0);
    }
  }

  private read(reports: readonly PartitionReport[]): void {
    const before = this.shown;
    this.shown = new Map();
    const now = this.now();
    for (const metric of METRICS) {
      if (metric.kind === 'folded') this.showCounts(metric, reports, before);
      else if (metric.kind === 'read') this.showReadings(metric, reports, now);
    }
    const group = this.options.group?.() ?? null;
    this.gauge(OWN.member).set(group?.member ? 1 : 0);
    this.gauge(OWN.inputPartitions).set(group?.partitions ?? 0);
    this.gauge(OWN.workers).set(group?.workers ?? 0);
    const load = this.options.load?.() ?? null;
    if (load !== null) this.showLoad(load);
  }

  private showLoad({
    delaySeconds,
    heapBytes,
    heapSizeBytes,
    externalBytes,
    gcSeconds,
  }: NonNullable<ReturnType<NonNullable<MetricsOptions['load']>>>) {
    this.gauge(OWN.delay).set(delaySeconds);
    this.gauge(OWN.heap).set(heapBytes);
    this.gauge(OWN.heapSize).set(heapSizeBytes);
    this.gauge(OWN.external).set(externalBytes);
    const gc = this.counter(OWN.gc);
    gc.reset();
    gc.inc(gcSeconds);
  }

  private showReadings(
    metric: DeclaredMetric & { kind: 'read' },
    reports: readonly PartitionReport[],
    now: number,
  ): void {
    const gauge = this.gauge(metric);
    gauge.reset();
    for (const report of reports) {
      for (const { labels, read } of metric.series) {
        const reading = read(report, now);
        if (reading !== null) gauge.set({ partition: report.partition, ...labels }, reading);
      }
    }
  }

  private showCounts(
    metric: DeclaredMetric & { kind: 'folded' },
    reports: readonly PartitionReport[],
    before: ReadonlyMap<string, number>,
  ): void {
    const counter = this.counter(metric);
    counter.reset();
    for (const { partition, counts } of reports) {
      if (counts === null) continue;
      for (const { labels, key } of metric.series) {
        const at = `${partition} ${key}`;
        const value = Math.max(counts[key] ?? 0, before.get(at) ?? 0);
        this.shown.set(at, value);
        counter.inc({ partition, ...labels }, value);
      }
    }
  }

  private counter({ name }: DeclaredMetric): Counter {
    return this.counters.get(name)!;
  }

  private gauge({ name }: DeclaredMetric): Gauge {
    return this.gauges.get(name)!;
  }

  private histogram({ name }: DeclaredMetric): Histogram {
    return this.histograms.get(name)!;
  }
}
