import { about } from '../progress.ts';
import type { Row } from '../status-table.ts';
import { number } from '../words.ts';
import { caughtUpIn, type Pace } from './pace.ts';

/**
 * What holds a partition back. `brokers`: they do not answer, or nobody leads it: who folds it can do nothing, or has given
 * it up. `no_processor`: nobody folds it. `outbox`: more waits to be published than
 * `outbox.max_bytes`. `schema`: the registry does not tell a schema that the next record needs. `standing`: there is
 * something to fold, and nothing was committed while it was looked at. `catching_up`: there is a backlog, and it is worked
 * off, or grows.
 */
export interface Hold {
  readonly kind: 'brokers' | 'no_processor' | 'outbox' | 'schema' | 'standing' | 'catching_up';
  /** In a sentence, without a full stop. */
  readonly text: string;
}

export interface Seen {
  readonly pace: Pace | undefined;
  /** Whether what is left to fold is more than live traffic. */
  readonly behind: boolean;
  /** How long it was looked at, ms; 0: once. */
  readonly watched: number;
  /** Whether the brokers were reached: where they were, and tell no end of this partition, it has no leader that answers. */
  readonly brokers: 'answer' | 'away' | 'refuse';
  /** Why the schema of the next record is not known; null: it is, or was not asked for. */
  readonly schema: string | null;
  /** `outbox.max_bytes`. */
  readonly outboxMaxBytes: number;
}

type Known = Pick<Row, 'partition' | 'end' | 'lag' | 'owner' | 'ownerConnected' | 'outboxBytes' | 'outboxMessages'>;

/** null: nothing. */
export function holdOf(row: Known, seen: Seen): Hold | null {
  const { pace, behind, watched, brokers, schema, outboxMaxBytes } = seen;
  const { lag, owner } = row;
  if (brokers === 'away') return { kind: 'brokers', text: 'the brokers do not answer' };
  if (brokers === 'answer' && row.end === null) return { kind: 'brokers', text: 'it has no leader that answers' };
  if (!row.ownerConnected) {
    const who = owner === null ? 'nobody folds it' : `${owner} is gone`;
    return { kind: 'no_processor', text: `no processor: ${who}` };
  }
  if (lag === null || lag === 0 || !behind) return null;
  if (row.outboxBytes > outboxMaxBytes) {
    return { kind: 'outbox', text: `outbox full: ${number(row.outboxMessages)} messages wait to be published` };
  }
  if (schema !== null) return { kind: 'schema', text: `waiting for a schema: ${schema}` };
  if (pace !== undefined) return { kind: 'catching_up', text: catchingUp(lag, pace) };
  if (watched === 0) return { kind: 'catching_up', text: 'a backlog: how fast it goes was not measured' };
  const seconds = Math.round(watched / 1000);
  return { kind: 'standing', text: `stands still: no commit for ${seconds} s, see the log of ${owner}` };
}

function catchingUp(lag: number, pace: Pace): string {
  const folded = `${number(Math.round(pace.folded))} records/s`;
  const left = caughtUpIn(lag, pace);
  if (left === null) return `falling behind: ${folded} folded, ${number(Math.round(pace.arriving))} come`;
  return `catching up: ${folded}, ${about(left)} left`;
}
