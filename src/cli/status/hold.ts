import type { Holders } from '../../kafka/group.ts';
import type { Blocker } from '../../ports/observer.ts';
import type { ReportedWait } from '../../postgres/trouble.ts';
import { roughly } from '../progress-line.ts';
import { number } from '../words.ts';
import { caughtUpIn, type Pace } from './pace.ts';
import type { Hold, Row } from './row.ts';

export interface Observation {
  readonly pace: Pace | undefined;
  /** Whether what is left to fold is more than live traffic. */
  readonly behind: boolean;
  /** How long the partition was looked at, ms; 0: once. */
  readonly watched: number;
  /** Whether the brokers were reached. If they were, and gave no end of this partition, it has no leader that answers. */
  readonly brokers: 'answer' | 'away' | 'refuse';
  /** What its processor reported that it waits for, what holds it back most first. */
  readonly waits: readonly ReportedWait[];
  /** The time of the reading, ms since the epoch. */
  readonly at: number;
  readonly holders: Holders | null;
  /** Why the schema of the next record is not known; null: it is known, or was not asked for. */
  readonly schema: string | null;
  /** `outbox.max_bytes`. */
  readonly outboxMaxBytes: number;
}

type KnownRow = Pick<Row, 'partition' | 'end' | 'lag' | 'owner' | 'ownerConnected' | 'outboxBytes' | 'outboxMessages'>;

/** What holds a partition back; null: nothing. */
export function holdOf(row: KnownRow, seen: Observation): Hold | null {
  const { pace, behind, watched, brokers, schema, outboxMaxBytes } = seen;
  const { lag, owner } = row;
  const [worst] = seen.waits;
  if (worst !== undefined)
    return { kind: KINDS[worst.for] ?? 'standing', text: `${worst.why}, ${lastingText(seen.at - worst.since)}` };
  if (brokers === 'away') return { kind: 'brokers', text: 'the brokers do not answer' };
  if (brokers === 'answer' && row.end === null) return { kind: 'brokers', text: 'it has no leader that answers' };
  if (!row.ownerConnected) return unconnected(row, seen.holders);
  if (lag === null || lag === 0 || !behind) return null;
  if (row.outboxBytes > outboxMaxBytes) {
    return { kind: 'outbox', text: `outbox full: ${number(row.outboxMessages)} messages wait to be published` };
  }
  if (schema !== null) return { kind: 'schema', text: `waiting for a schema: ${schema}` };
  if (pace !== undefined) return { kind: 'catching_up', text: catchingUp(lag, pace) };
  if (watched === 0) return { kind: 'catching_up', text: 'a backlog: how fast it goes was not measured' };
  const seconds = Math.round(watched / 1000);
  const text = `stands still: no commit for ${seconds} s, and ${owner} has not said why: see its /readyz and its log`;
  return { kind: 'standing', text };
}

/** No processor connected to Postgres has it: the group knows whether one is there all the same. */
function unconnected({ partition, owner }: KnownRow, holders: Holders | null): Hold {
  const holder = holders?.byPartition.get(partition);
  if (holder !== undefined) {
    return {
      kind: 'store',
      text: `${holder} has it, and is not connected to Postgres: it takes it over as soon as it can`,
    };
  }
  if (holders !== null && !holders.settled && holders.members > 0) {
    return { kind: 'group', text: 'the consumer group deals its partitions out anew' };
  }
  return { kind: 'no_processor', text: `no processor: ${owner === null ? 'nobody folds it' : `${owner} is gone`}` };
}

const KINDS: Readonly<Record<Blocker, Hold['kind']> & Record<string, Hold['kind'] | undefined>> = {
  store: 'store',
  brokers: 'brokers',
  registry: 'schema',
  publisher: 'outbox',
  output: 'output',
  group: 'group',
};

function lastingText(ms: number): string {
  return `for ${Math.max(0, Math.round(ms / 1_000))} s`;
}

function catchingUp(lag: number, pace: Pace): string {
  const folded = `${number(Math.round(pace.folded))} records/s`;
  const left = caughtUpIn(lag, pace);
  if (left === null) return `falling behind: ${folded} folded, ${number(Math.round(pace.arriving))} come`;
  return `catching up: ${folded}, ${roughly(left)} left`;
}
