/**
 * A record as it came. Its buffers are slices of all that was fetched with it, and are never written to. One that is kept for
 * long holds the whole fetch in memory, and should be copied instead.
 */
export interface RawRecord {
  readonly offset: number;
  /** ms since the epoch. */
  readonly timestamp: number;
  /** Whether the broker made the timestamp; false: the producer did. Left out: the broker. */
  readonly stamped?: boolean | undefined;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** In the order of the record; a name may stand more than once. */
  readonly headers: readonly (readonly [name: string, value: Buffer])[];
}

/** Identifies a record that was folded, to find out whether the log is still the same. */
export interface RecordDigest {
  readonly offset: number;
  /** Hex SHA-256 over timestamp, key and value: see `digestOf`. */
  readonly digest: string;
}

/**
 * A record that lies in what was fetched with it. Most records are read where they lie: their key and value are cut out
 * only for those that ask, because two more objects a record cost more than decoding it.
 */
export class FetchedRecord implements RawRecord {
  readonly offset: number;
  /** ms since the epoch. */
  readonly timestamp: number;
  /** All that was fetched with it; never written to. */
  readonly bytes: Buffer;
  /** Where the key begins in `bytes`; -1: it is null. */
  readonly keyAt: number;
  readonly keyEnd: number;
  /** Where the value begins in `bytes`; -1: it is null. */
  readonly valueAt: number;
  readonly valueEnd: number;
  readonly headers: RawRecord['headers'];
  readonly stamped: boolean;

  constructor(
    offset: number,
    timestamp: number,
    bytes: Buffer,
    keyAt: number,
    keyEnd: number,
    valueAt: number,
    valueEnd: number,
    headers: RawRecord['headers'],
    stamped = true,
  ) {
    this.offset = offset;
    this.timestamp = timestamp;
    this.bytes = bytes;
    this.keyAt = keyAt;
    this.keyEnd = keyEnd;
    this.valueAt = valueAt;
    this.valueEnd = valueEnd;
    this.headers = headers;
    this.stamped = stamped;
  }

  get key(): Buffer | null {
    return this.keyAt < 0 ? null : this.bytes.subarray(this.keyAt, this.keyEnd);
  }

  get value(): Buffer | null {
    return this.valueAt < 0 ? null : this.bytes.subarray(this.valueAt, this.valueEnd);
  }
}

/** Whether the record's key is this text. Ids are ASCII, mostly: those are compared where they lie. */
export function keyIs(record: RawRecord, text: string): boolean {
  if (!(record instanceof FetchedRecord)) return record.key !== null && record.key.toString() === text;
  const { bytes, keyAt, keyEnd } = record;
  if (keyAt < 0) return false;
  if (keyEnd - keyAt === text.length) {
    let i = 0;
    while (i < text.length && bytes[keyAt + i] === text.charCodeAt(i) && bytes[keyAt + i]! < 0x80) i += 1;
    if (i === text.length) return true;
  }
  return bytes.toString('utf8', keyAt, keyEnd) === text;
}
