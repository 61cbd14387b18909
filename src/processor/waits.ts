/**
 * What a partition waits for, and since when. Invariant: the log, `/readyz`, the metrics and `status` have it from here, and
 * from nowhere else. Where each found out for itself, one reported that all was well while another named a fault.
 */

import type { Blocker, PartitionReport, Wait } from '../ports/observer.ts';
import type { Call } from './calls.ts';

/** Something that has gone wrong since a moment, ms since the epoch. */
export interface Failing {
  readonly since: number;
  readonly error: string;
}

/** Why a partition was given up, and by which part's failure. */
export interface FailingPart extends Failing {
  readonly part: 'store' | 'brokers';
}

export interface WaitFacts {
  readonly phase: PartitionReport['phase'];
  /** Since when it has this phase. */
  readonly phaseSince: number;
  /** Why it was given up last, while nothing has gone through since and something has to. */
  readonly failing: FailingPart | null;
  /** Whether the group was asked whose the partition is, and did not answer that it is ours. */
  readonly isAnothers: boolean;
  /** The oldest calls that have no answer. */
  readonly storeCall: Call | null;
  readonly brokersCall: Call | null;
  /** Why it cannot be read; null: it can. */
  readonly unread: Failing | null;
  /** The part that folding waits for without a call of its own. */
  readonly folding: { readonly for: 'registry' | 'publisher'; readonly since: number } | null;
  /** Why the registry does not answer; null: it does, or was not asked yet. */
  readonly registryTrouble: string | null;
  /** Why nothing can be published; null: it can. */
  readonly publishing: Failing | null;
}

/** All that the partition waits for, what holds it back most first. */
export function waitsOf(facts: WaitFacts): Wait[] {
  const { phase, unread, folding, registryTrouble, publishing, storeCall, brokersCall } = facts;
  if (phase === 'ended') return [];
  if (phase !== 'running') return [toBeTakenOver(facts)];
  const waits: (Wait | null)[] = [
    facts.failing && wait(facts.failing.part, facts.failing.since, `could not commit: ${facts.failing.error}`),
    storeCall && wait('store', storeCall.since, `waits for Postgres: ${storeCall.what} is not answered`),
    unread && wait('brokers', unread.since, `cannot be read: ${unread.error}`),
    brokersCall && wait('brokers', brokersCall.since, `waits for the brokers: ${brokersCall.what} is not answered`),
    folding?.for === 'registry' ? wait('registry', folding.since, ofRegistry(registryTrouble)) : null,
    folding?.for === 'publisher' ? wait('publisher', folding.since, OUTBOX_FULL) : null,
    publishing && wait('output', publishing.since, `is not published: ${publishing.error}`),
  ];
  return waits.filter((each) => each !== null);
}

function toBeTakenOver({ phase, phaseSince, failing, isAnothers, storeCall, brokersCall }: WaitFacts): Wait {
  if (failing !== null && isAnothers)
    return wait('group', failing.since, `is taken over again once the consumer group gives it: ${failing.error}`);
  if (failing !== null) return again(failing);
  if (storeCall !== null) return wait('store', storeCall.since, 'is being taken over from Postgres');
  if (brokersCall !== null)
    return wait(
      'brokers',
      brokersCall.since,
      `is being taken over: ${brokersCall.what} is not answered by the brokers`,
    );
  return wait('store', phaseSince, phase === 'waiting' ? 'is to be taken over' : 'is being taken over');
}

function again({ since, error, part }: FailingPart): Wait {
  return wait(part, since, `is to be taken over again: ${error}`);
}

function ofRegistry(trouble: string | null): string {
  return `waits for the schema registry${trouble === null ? '' : `: ${trouble}`}`;
}

const OUTBOX_FULL = 'waits for room in the outbox: more than outbox.max_bytes is committed and not published';

function wait(blocker: Blocker, since: number, why: string): Wait {
  return { for: blocker, since, why };
}

/**
 * How long a partition that is folded may wait before its processor counts as not doing its work, ms. What has to be
 * asked once is answered sooner; a leader that moves in good order takes less than three seconds; what fails, fails.
 */
const PATIENCE: Readonly<Record<Blocker, number>> = {
  store: 10_000,
  brokers: 3_000,
  registry: 10_000,
  publisher: 10_000,
  output: 0,
  group: 0,
};

/** Those of its waits that keep the processor from its work. */
export function hindering({ phase, waits }: PartitionReport, now: number): Wait[] {
  return waits.filter(({ for: blocker, since }) => phase !== 'running' || now - since >= PATIENCE[blocker]);
}

/** In a sentence, of several partitions at once: `partitions 1, 3 wait …`, as each does. */
export function hindrancesOf(reports: readonly PartitionReport[], now: number): string[] {
  const found = reports.flatMap((report) =>
    hindering(report, now).map(({ why, since }) => ({ partition: report.partition, why, since })),
  );
  return [...Map.groupBy(found, ({ why }) => why)].map(([why, of]) => {
    const partitions = of.map(({ partition }) => partition).sort((a, b) => a - b);
    const since = new Date(Math.min(...of.map((each) => each.since))).toISOString();
    return `${partitions.length === 1 ? 'partition' : 'each of partitions'} ${partitions.join(', ')} ${why}, since ${since}`;
  });
}
