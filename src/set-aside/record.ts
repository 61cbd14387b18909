import type { RawRecord } from '../ports/record.ts';
import { OWN_PREFIX, RECEIVED_AT } from '../wire/headers.ts';

/** A record of the dead-letter or the late topic. Times in ms since the epoch. */
export interface SetAsideRecord {
  /** Its position in its topic. */
  readonly partition: number;
  readonly offset: number;
  /** When it was set aside. */
  readonly setAsideAt: number;
  readonly reason: string;
  readonly error: string;
  /** Where it came from; null: the headers do not name it, so that tidemark did not write it. */
  readonly source: SourceRecord | null;
  /** The visit that a late event came too late for; null for others. */
  readonly visitId: string | null;
  /** Whether its value, and maybe more, did not fit and is missing. */
  readonly truncated: boolean;
  /** Whether it came back from an earlier pass, and failed again. */
  readonly again: boolean;
  /** Length of its value; null: it has none. */
  readonly valueBytes: number | null;
  readonly raw: RawRecord;
}

export interface SourceRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Index of the event in its record; 0 if the record holds one. */
  readonly index: number;
  /** The record's timestamp. */
  readonly timestamp: number;
}

/** Of headers with one name the last counts: ours follow those that the record came with. */
export function setAsideOf(partition: number, raw: RawRecord): SetAsideRecord {
  const headers = new Map(raw.headers.map(([name, value]) => [name, value.toString()]));
  const source = {
    topic: headers.get('tidemark-topic') ?? '',
    partition: whole(headers.get('tidemark-partition')),
    offset: whole(headers.get('tidemark-offset')),
    index: headers.has('tidemark-index') ? whole(headers.get('tidemark-index')) : 0,
    timestamp: whole(headers.get('tidemark-timestamp')),
  };
  const { topic, ...numbers } = source;
  return {
    partition,
    offset: raw.offset,
    setAsideAt: raw.timestamp,
    reason: headers.get('tidemark-reason') ?? 'unknown',
    error: headers.get('tidemark-error') ?? '',
    source: topic === '' || Object.values(numbers).some(Number.isNaN) ? null : source,
    visitId: headers.get('tidemark-visit-id') ?? null,
    truncated: headers.has('tidemark-truncated'),
    again: headers.has(RECEIVED_AT),
    valueBytes: raw.value?.length ?? null,
    raw,
  };
}

function whole(text: string | undefined): number {
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
}

/** The headers that the record came with. */
export function ownHeaders({ headers }: RawRecord): RawRecord['headers'] {
  return headers.filter(([name]) => !name.startsWith(OWN_PREFIX));
}
