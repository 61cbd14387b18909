import type { PartitionReport } from '../ports/observer.ts';
import type { PartitionStatus } from '../postgres/status.ts';

/** A partition as the console shows it. Times in ms since the epoch; null: not known, or not there yet. */
export interface PartitionView {
  readonly partition: number;
  /** Whether it is this processor's, which reports its present state; any other's is as last committed. */
  readonly ours: boolean;
  readonly phase: PartitionReport['phase'] | 'elsewhere' | 'nobody';
  readonly owner: string | null;
  readonly epoch: number | null;
  readonly nextOffset: number | null;
  readonly end: number | null;
  /** Records; only the processor that has the partition knows this. */
  readonly lag: number | null;
  readonly arrivalClock: number | null;
  readonly eventClock: number | null;
  readonly watermark: number | null;
  readonly openVisits: number;
  readonly outboxBytes: number;
  /** When the oldest message not yet published was committed. */
  readonly outboxSince: number | null;
  readonly counts: Readonly<Record<string, number>> | null;
  /** What it waits for, and since when. */
  readonly waits: PartitionReport['waits'];
  /** The time of this state: for others' partitions, of their last commit. */
  readonly at: number | null;
}

export interface PartitionSources {
  readonly reports: readonly PartitionReport[];
  /** All partitions that were ever taken over; empty where there is no Postgres to ask. */
  readonly status: readonly PartitionStatus[];
  /** The name of this processor in Postgres. */
  readonly self: string;
  /** ms. */
  readonly outOfOrderness: number;
  readonly now: number;
}

/** The partitions in order: ours from their reports, others' from their last commits. */
export function partitionViews({ reports, status, self, outOfOrderness, now }: PartitionSources): PartitionView[] {
  const committed = new Map(status.map((one) => [one.partition, one]));
  const ours = new Map(reports.map((one) => [one.partition, one]));
  return [...new Set([...committed.keys(), ...ours.keys()])]
    .sort((a, b) => a - b)
    .map((partition) => {
      const report = ours.get(partition);
      const state = committed.get(partition);
      // A life that has not loaded its state yet knows less than the last commit.
      if (report !== undefined && (report.nextOffset !== null || state === undefined)) {
        return fromReport(report, self, now);
      }
      const view = fromStatus(state!, outOfOrderness);
      if (report === undefined) return view;
      const { phase, end, waits } = report;
      return { ...view, ours: true, phase, end, waits, owner: self };
    });
}

function fromReport(report: PartitionReport, self: string, now: number): PartitionView {
  const { partition, phase, epoch, nextOffset, end, arrivalClock, eventClock, watermark, openVisits } = report;
  const { backlogBytes, backlogSince, counts, waits } = report;
  return {
    ...{ partition, ours: true, phase, owner: self, epoch, nextOffset, end },
    lag: end === null || nextOffset === null ? null : Math.max(0, end - nextOffset),
    ...{ arrivalClock, eventClock, watermark, openVisits, outboxBytes: backlogBytes, outboxSince: backlogSince },
    ...{ counts, waits, at: now },
  };
}

function fromStatus(state: PartitionStatus, outOfOrderness: number): PartitionView {
  const { partition, started, eventClock, arrivalClock, epoch, openVisits, owner, ownerConnected, counts } = state;
  return {
    ...{ partition, ours: false, phase: ownerConnected ? 'elsewhere' : 'nobody', owner, epoch },
    ...{ nextOffset: started ? state.nextOffset : null, end: null, lag: null, arrivalClock, eventClock },
    ...{ watermark: eventClock === null ? null : eventClock - outOfOrderness, openVisits },
    ...{ outboxBytes: state.outboxBytes, outboxSince: null, counts: { ...counts } },
    waits: [],
    at: state.updatedAt.getTime(),
  };
}
