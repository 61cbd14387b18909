/**
 * Sends dead letters to the input again, each event once, however often it is asked for and wherever it is killed.
 *
 * Invariant: an event is sent only after a note in Postgres that it is about to be, with the end of its input partition
 * before that; and before anything is sent, all that was noted and not yet marked as sent has been looked for in the input
 * from there on, where each has the header `tidemark-retry-of`. A transaction of a retry before that was still under way
 * is decided by then: the producer has fenced its predecessor. If a note came after the sending, or the look before the
 * fence, an event could be sent twice.
 */
import type pg from 'pg';
import type { ClusterLink } from '../kafka/cluster.ts';
import { boundsOf } from '../kafka/offsets.ts';
import type { ToResend } from '../kafka/resender.ts';
import { scan } from '../kafka/scan.ts';
import { failpoint } from '../ports/failpoints.ts';
import {
  forgetIntended,
  type Intended,
  intend,
  intended,
  keyOf,
  markSent,
  type SourceEvent,
  sentAt,
} from '../postgres/retried.ts';
import type { SetAsideRecord } from './record.ts';
import { type InputTopic, RETRY_OF, type Resendable, resendable } from './resendable.ts';

/** Records of one transaction. */
const BATCH_RECORDS = 200;
const BATCH_BYTES = 512 * 1024;
/** Longest wait for others' transactions in the input to be decided, ms; a dead producer mostly leaves one open for 60 s. */
const DECIDED = 120_000;

/** What became of a dead letter. In a dry run `sent` means that it would be sent. */
export type Fate =
  | { readonly kind: 'sent' }
  | { readonly kind: 'before'; readonly sentAt: number | null }
  | { readonly kind: 'again' }
  | { readonly kind: 'refused'; readonly why: string };

export interface RetryParts {
  readonly link: ClusterLink;
  readonly client: pg.ClientBase;
  readonly input: InputTopic;
  /** It has fenced its predecessor. null: a dry run, which sends nothing. */
  readonly resender: { send(records: readonly ToResend[], timestamp: number): Promise<void> } | null;
  /** Whether records that were sent before and failed again are sent once more. */
  readonly again: boolean;
  /** The most records that are sent; null: all. */
  readonly limit: number | null;
  /** ms since the epoch. */
  readonly now: () => number;
  readonly onFate: (record: SetAsideRecord, fate: Fate) => void;
}

interface Candidate extends Resendable {
  readonly record: SetAsideRecord;
  readonly source: SourceEvent;
}

/** @throws if it is not known whether something was sent: the next retry finds out. */
export async function retry(records: AsyncIterable<SetAsideRecord>, parts: RetryParts): Promise<void> {
  if (parts.resender !== null) await settleIntended(parts);
  let left = parts.limit ?? Number.POSITIVE_INFINITY;
  let batch: Candidate[] = [];
  let bytes = 0;
  for await (const record of records) {
    const candidate = candidateOf(record, parts);
    if (candidate === null) continue;
    batch.push(candidate);
    bytes += candidate.recordBody.length;
    if (batch.length < Math.min(left, BATCH_RECORDS) && bytes < BATCH_BYTES) continue;
    left -= await send(batch, parts);
    if (left === 0) return;
    batch = [];
    bytes = 0;
  }
  await send(batch, parts);
}

function candidateOf(record: SetAsideRecord, { again, input, onFate }: RetryParts): Candidate | null {
  const found = resendable(record, input);
  if ('refused' in found) {
    onFate(record, { kind: 'refused', why: found.refused });
    return null;
  }
  if (record.again && !again) {
    onFate(record, { kind: 'again' });
    return null;
  }
  return { ...found, record, source: record.source! };
}

/** @returns how many of the batch were sent, or would have been: those that had not been before */
async function send(batch: readonly Candidate[], parts: RetryParts): Promise<number> {
  if (batch.length === 0) return 0;
  const { client, link, input, resender, now, onFate } = parts;
  const before = await sentAt(
    client,
    batch.map(({ source }) => source),
  );
  const fresh = new Map<string, Candidate>();
  for (const candidate of batch) {
    const key = keyOf(candidate.source);
    // The topic may have a record twice, if its log was folded twice.
    if (before.has(key) || fresh.has(key))
      onFate(candidate.record, { kind: 'before', sentAt: before.get(key) ?? null });
    else fresh.set(key, candidate);
  }
  const left = [...fresh.values()];
  if (left.length > 0 && resender !== null) {
    const partitions = [...new Set(left.map(({ partition }) => partition))];
    const bounds = await link.ask(`the ends of ${input.topic}`, (cluster) =>
      boundsOf(cluster, input.topic, partitions),
    );
    await intend(
      client,
      left.map(({ source }) => ({ ...source, from: bounds.get(source.partition)!.end })),
    );
    failpoint('retry.noted');
    await resender.send(left, now());
    await markSent(
      client,
      left.map(({ source }) => source),
    );
  }
  for (const { record } of left) onFate(record, { kind: 'sent' });
  return left.length;
}

/** Finds out, and marks, what a retry that did not end has sent. */
async function settleIntended({ client, link, input }: RetryParts): Promise<void> {
  const open = await intended(client);
  for (const [partition, some] of Map.groupBy(open, (each) => each.partition)) {
    const found = await sentOf(some, partition, link, input.topic);
    const [sent, unsent] = [true, false].map((was) => some.filter((each) => found.has(keyOf(each)) === was));
    await markSent(client, sent!);
    await forgetIntended(client, unsent!);
  }
}

/** Keys of the noted records that are in the input. */
async function sentOf(
  some: readonly Intended[],
  partition: number,
  link: ClusterLink,
  topic: string,
): Promise<ReadonlySet<string>> {
  const from = Math.min(...some.map((each) => each.from));
  const bounds = await link.ask(`the ends of ${topic}`, (cluster) => boundsOf(cluster, topic, [partition]));
  const { earliest, end } = bounds.get(partition)!;
  if (earliest > from) {
    throw new Unsettled(
      `a retry before this one did not end, and whether it sent ${some.length} records to partition ${partition} of ${topic} ` +
        `cannot be told any more: offsets ${from} to ${earliest} are deleted. Look for their events in Postgres; then mark ` +
        'them in table retried: set sent_at where they are there, delete the row where they are not',
    );
  }
  const found = new Set<string>();
  const signal = AbortSignal.timeout(DECIDED);
  try {
    for await (const { records } of scan(link, { topic, partition, from, to: end }, 'wait', signal)) {
      for (const { headers } of records) {
        const mark = headers.findLast(([name]) => name === RETRY_OF)?.[1];
        if (mark !== undefined) found.add(mark.toString());
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new Unsettled(
      `a retry before this one did not end, and what it sent to partition ${partition} of ${topic} cannot be told yet: a ` +
        `transaction of some producer is open there for ${DECIDED / 1000} s. Nothing was sent. Run this again once it has ended`,
      { cause: error },
    );
  }
  return found;
}

/** It cannot be found out what was sent before, so nothing is sent. The message says what to do. */
export class Unsettled extends Error {
  override readonly name = 'Unsettled';
}
