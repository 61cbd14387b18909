import type { AxisVisits, VisitSummary } from '../inspect/index.ts';
import type { PartitionReport } from '../ports/observer.ts';
import type { Settings } from '../settings/index.ts';
import type { LastKnown } from './latest.ts';
import { type PartitionView, partitionViews } from './partitions.ts';
import type { ConsoleStore } from './store.ts';

export interface Instance {
  /** Host and process, as Postgres has them. */
  readonly name: string;
  readonly version: string;
  /** ms since the epoch. */
  readonly startedAt: number;
}

/** The live state at one moment. Times in ms since the epoch. */
export interface Live {
  readonly at: number;
  readonly instance: Instance;
  readonly topic: string;
  readonly group: string;
  /** Why it has not joined the group or taken over its partitions yet; null: it has. */
  readonly notReady: string | null;
  /** Address of the runbook; null: none is known. */
  readonly runbook: string | null;
  readonly rules: {
    readonly gap: number;
    readonly outOfOrderness: number;
    readonly arrivalGrace: number;
    readonly allowedLateness: number;
    /** The margin that is subtracted from the clock before it ends visits of a drained partition; null: only records end visits. */
    readonly clockMargin: number | null;
  };
  readonly partitions: readonly PartitionView[];
  /** Open visits of the partitions that have most of them. */
  readonly visits: readonly AxisVisits[];
  /** Newest first. */
  readonly ended: readonly VisitSummary[];
  readonly store: StoreState;
}

/** `memory`: there is no Postgres, and what only Postgres has is left out. */
export type StoreState =
  | { readonly kind: 'memory' }
  | { readonly kind: 'postgres'; readonly error: string | null; readonly readAt: number | null };

export interface LiveParts {
  readonly settings: Settings;
  readonly instance: Instance;
  readonly reports: () => readonly PartitionReport[];
  readonly ready: () => string | null;
  /** null: the state is in memory. */
  readonly store: ConsoleStore | null;
  readonly now: () => number;
}

export async function liveView({ settings, instance, reports, ready, store, now }: LiveParts): Promise<Live> {
  const [status, axis, ended] = await Promise.all([store?.status.get(), store?.axis.get(), store?.ended.get()]);
  const { gap, outOfOrderness, arrivalGrace, allowedLateness, anticipates } = settings.visit;
  const clockMargin = anticipates ? settings.visit.clockMargin : null;
  const at = now();
  return {
    at,
    instance,
    topic: settings.input.topic,
    group: settings.kafka.group,
    notReady: ready(),
    runbook: settings.runbook.baseUrl,
    rules: { gap, outOfOrderness, arrivalGrace, allowedLateness, clockMargin },
    partitions: partitionViews({
      reports: reports(),
      status: status?.value ?? [],
      self: instance.name,
      outOfOrderness,
      now: at,
    }),
    visits: axis?.value ?? [],
    ended: ended?.value ?? [],
    store: stateOf([status, axis, ended]),
  };
}

/** The state after several reads: the first error among them, and the age of the oldest. */
function stateOf(reads: readonly (LastKnown<unknown> | undefined)[]): StoreState {
  const known = reads.filter((read) => read !== undefined);
  if (known.length === 0) return { kind: 'memory' };
  const error = known.find((read) => read.error !== null)?.error ?? null;
  const times = known.map(({ at }) => at);
  return { kind: 'postgres', error, readAt: times.includes(null) ? null : Math.min(...(times as number[])) };
}
