import type { Counts } from '../core/changes.ts';
import type { PartitionReport } from '../ports/observer.ts';

type Labels = Readonly<Record<string, string>>;

/** A metric: its name in base units, what it is, and the labels that it has. */
interface NamedMetric {
  readonly name: string;
  /** A sentence, for `# HELP` and the documents. */
  readonly help: string;
}

/** A counter of each partition, stored with its state: it goes on after a restart, wherever the partition is then. */
export interface FoldedCounter extends NamedMetric {
  readonly kind: 'folded';
  readonly series: readonly { readonly labels: Labels; readonly key: keyof Counts }[];
}

/** A gauge of each partition, read at each scrape; null: not known, and not shown. Times in ms since the epoch. */
export interface PartitionGauge extends NamedMetric {
  readonly kind: 'read';
  readonly series: readonly {
    readonly labels: Labels;
    readonly read: (report: PartitionReport, now: number) => number | null;
  }[];
}

/** A counter of this process, from 0 at its start. */
export interface ProcessCounter extends NamedMetric {
  readonly kind: 'counted';
  /** The values that each label may have; null: the numbers of input partitions. */
  readonly labels: Readonly<Record<string, readonly string[] | null>>;
}

/** A histogram of this process. */
export interface ProcessHistogram extends NamedMetric {
  readonly kind: 'measured';
  readonly buckets: readonly number[];
}

/** A gauge of this process. */
export interface ProcessGauge extends NamedMetric {
  readonly kind: 'own';
  readonly labels: readonly string[];
}

export type DeclaredMetric = FoldedCounter | PartitionGauge | ProcessCounter | ProcessHistogram | ProcessGauge;

export const TYPES = {
  folded: 'counter',
  read: 'gauge',
  counted: 'counter',
  measured: 'histogram',
  own: 'gauge',
} as const;

/** Its labels with their values; null: the numbers of input partitions. */
export function labelsOf(metric: DeclaredMetric): [name: string, values: readonly string[] | null][] {
  switch (metric.kind) {
    case 'measured':
      return [];
    case 'own':
      return metric.labels.map((name) => [name, []]);
    case 'counted':
      return Object.entries(metric.labels);
    default: {
      const names = Object.keys(metric.series[0]!.labels);
      const values = (name: string) => [...new Set(metric.series.map(({ labels }) => labels[name]!))];
      return [['partition', null], ...names.map((name): [string, string[]] => [name, values(name)])];
    }
  }
}
