import type { Holders } from '../../kafka/group.ts';
import type { Bounds } from '../../kafka/offsets.ts';
import type { PartitionStatus } from '../../postgres/status.ts';
import type { Trouble } from '../../postgres/trouble.ts';

/** What was read at one moment. */
export interface Snapshot {
  /** ms since the epoch, by this machine's clock. */
  readonly at: number;
  readonly partitions: readonly PartitionStatus[];
  /** What processors reported that keeps them from their work. */
  readonly troubles: readonly Trouble[];
  /** By partition, without those that have no leader; null where Kafka cannot be asked. */
  readonly bounds: ReadonlyMap<number, Bounds> | null;
  /** `refuse`: this user may not ask. */
  readonly brokers: 'answer' | 'away' | 'refuse';
  /** null: the group could not be asked, or this user may not. */
  readonly holders: Holders | null;
}

/** How fast a partition is folded, between commits. */
export interface Pace {
  /** Offsets a second, those that hold no record included. */
  readonly folded: number;
  /** Offsets a second that came meanwhile. */
  readonly arriving: number;
}

/** Commits older than this do not show the present pace, ms. */
const OLD = 10_000;

/**
 * Paces by partition, from readings in order of time. Offset and time are those of commits, so that it does not matter when
 * between two of them a reading was made. A partition that has not committed between two readings has no pace.
 */
export function paces(readings: readonly Snapshot[]): ReadonlyMap<number, Pace> {
  const found = new Map<number, Pace>();
  const last = readings.at(-1);
  if (last === undefined) return found;
  for (const now of last.partitions) {
    const before = readings
      .map((reading) => ({ reading, state: reading.partitions.find((each) => each.partition === now.partition) }))
      .find(
        ({ reading, state }) => state?.started && isSame(state, now) && reading.at - state.updatedAt.getTime() < OLD,
      );
    if (before?.state === undefined) continue;
    const { reading, state } = before;
    const ms = now.updatedAt.getTime() - state.updatedAt.getTime();
    if (ms <= 0) continue;
    const [from, to] = [reading, last].map((each) => each.bounds?.get(now.partition)?.end);
    const between = last.at - reading.at;
    const arriving = from === undefined || to === undefined || between <= 0 ? 0 : (to - from) / (between / 1000);
    found.set(now.partition, { folded: (now.nextOffset - state.nextOffset) / (ms / 1000), arriving });
  }
  return found;
}

/** Whether two readings compare: a new owner may have begun at an earlier offset, or measured by another clock. */
function isSame(a: PartitionStatus, b: PartitionStatus): boolean {
  return a.epoch === b.epoch;
}

/** ms until nothing is left at this pace; null: never, or not known. */
export function caughtUpIn(lag: number, pace: Pace | undefined): number | null {
  if (lag === 0) return 0;
  if (pace === undefined || pace.folded <= pace.arriving) return null;
  return Math.round((lag / (pace.folded - pace.arriving)) * 1000);
}
