/**
 * Reads what a fetch brings of one partition: batches, one after the other, the last one mostly cut off.
 *
 * Invariant: of each batch that is there as a whole, every record at or past the offset asked for comes out once, in
 * order, but for control records and those of aborted transactions; and the position moves behind the batch's last
 * offset, whether or not a record is left there: what compaction leaves of a batch may be its frame alone, and a reader
 * that went by records would ask for it for ever.
 */
import kafkajs from 'kafkajs';
import type { RawRecord } from '../ports/record.ts';
import { Aborted, type AbortedTransaction } from './aborted.ts';
import { readMessages } from './kafkajs/message-set.ts';
import {
  APPEND_TIME,
  CODEC,
  FRAME,
  isControl,
  isTransactional,
  LEADER_EPOCH,
  LENGTH,
  MAGIC,
  RECORDS,
  readFrame,
  readRecords,
} from './record-batch.ts';
import { int64, rawRecord } from './records.ts';

export interface RecordSet {
  readonly records: RawRecord[];
  /** Where the next fetch begins; null: no batch came as a whole. */
  readonly next: number | null;
  /** Epochs of the leaders under which the first and the last batch were appended; null: they have none. */
  readonly epochs: { readonly first: number | null; readonly last: number | null };
}

/** A batch whose records cannot be had: it is damaged, or packed in a way that is not known here. */
export class UnreadableBatch extends Error {
  override readonly name = 'UnreadableBatch';
  /** Its first offset. */
  readonly offset: number;

  constructor(offset: number, cause: unknown) {
    super(`the record batch at offset ${offset} cannot be unpacked: ${(cause as Error).message}`, { cause });
    this.offset = offset;
  }
}

/**
 * @param from the offset that was asked for: a batch comes whole, also where only its end was.
 * @returns what lies before the first batch that cannot be unpacked.
 * @throws UnreadableBatch where that is the first of all.
 */
export async function readRecordSet(
  bytes: Buffer,
  from: number,
  listed: readonly AbortedTransaction[],
): Promise<RecordSet> {
  const aborted = new Aborted(listed);
  const records: RawRecord[] = [];
  let next = from;
  let first: number | null = null;
  let last: number | null = null;
  for (let at = 0, end = 0; at + MAGIC < bytes.length; at = end) {
    end = at + FRAME + bytes.readInt32BE(at + LENGTH);
    if (end > bytes.length) break;
    const before = records.length;
    try {
      const isFirst = next <= from;
      next = await readBatch(bytes, at, end, from, aborted, records);
      last = epochOf(bytes, at);
      if (isFirst) first = last;
    } catch (error) {
      if (next <= from) throw new UnreadableBatch(int64(bytes, at), error);
      records.length = before;
      break;
    }
  }
  return { records, next: next > from ? next : null, epochs: { first, last } };
}

function epochOf(bytes: Buffer, at: number): number | null {
  const epoch = bytes[at + MAGIC] === 2 ? bytes.readInt32BE(at + LEADER_EPOCH) : -1;
  return epoch < 0 ? null : epoch;
}

/** Adds a batch's records at or past `from` to `records`. @returns the offset behind it. */
async function readBatch(
  bytes: Buffer,
  at: number,
  end: number,
  from: number,
  aborted: Aborted,
  records: RawRecord[],
): Promise<number> {
  const magic = bytes[at + MAGIC]!;
  if (magic === 2 && end >= at + RECORDS) {
    const frame = readFrame(bytes, at);
    if (isControl(frame)) {
      const [marker] = readRecords(frame, bytes, at + RECORDS, end, 0, []);
      aborted.marker(frame.producerId, frame.last, marker?.key ?? null);
    } else if (!isTransactional(frame) || !aborted.advanceTo(frame.producerId, frame.last)) {
      const codec = frame.attributes & CODEC;
      if (codec === 0) {
        readRecords(frame, bytes, at + RECORDS, end, from, records);
      } else {
        const plain = await decompress(codec, bytes.subarray(at + RECORDS, end));
        readRecords(frame, plain, 0, plain.length, from, records);
      }
    }
    return frame.last + 1;
  }
  if (magic < 2 && end > at + MAGIC) {
    const stamp = appendStamp(bytes, at);
    for (const message of await readMessages(bytes.subarray(at, end))) {
      if (Number(message.offset) >= from) records.push(rawRecord(message, stamp));
    }
    return int64(bytes, at) + 1;
  }
  throw new Error(
    `it has format ${magic} and ${end - at} bytes: it is damaged, or of a format that only a newer tidemark reads`,
  );
}

// Where the fields of a message of the first two formats lie, as those of a batch in record-batch.ts.
const MESSAGE_ATTRIBUTES = 17;
const MESSAGE_TIMESTAMP = 18;

/**
 * The broker's stamp on a message of the first two formats, ms; null: it made none. Of one that holds others,
 * compressed, it is that of all: those inside keep what their producer wrote.
 */
function appendStamp(bytes: Buffer, at: number): number | null {
  if (bytes[at + MAGIC] !== 1 || (bytes[at + MESSAGE_ATTRIBUTES]! & APPEND_TIME) === 0) return null;
  return int64(bytes, at + MESSAGE_TIMESTAMP);
}

async function decompress(codec: number, bytes: Buffer): Promise<Buffer> {
  const found = (kafkajs.CompressionCodecs as Record<number, (() => Codec) | undefined>)[codec];
  if (found === undefined) throw new Error(`a record batch is compressed with codec ${codec}, which nobody knows`);
  return await found().decompress(bytes);
}

interface Codec {
  decompress(bytes: Buffer): Promise<Buffer>;
}
