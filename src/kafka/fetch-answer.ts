/** The answer to a fetch, as far as KafkaJS needs it: what it brings of each partition is left as bytes. */
import type { AbortedTransaction } from './aborted.ts';
import { int64 } from './records.ts';

export interface FetchedPartition {
  readonly partition: number;
  readonly errorCode: number;
  readonly highWatermark: string;
  readonly preferredReadReplica: number;
  readonly aborted: readonly AbortedTransaction[];
  /** One record batch behind the other. */
  readonly recordSet: Buffer;
}

export interface FetchAnswer {
  /** ms for which the broker wants to hear nothing. */
  readonly clientSideThrottleTime: number;
  readonly responses: readonly { readonly topicName: string; readonly partitions: readonly FetchedPartition[] }[];
}

/** Versions of the answer that can be read: from the first with transactions to the last without topic ids. */
export const OLDEST = 4;
export const NEWEST = 11;

const NOTHING = Buffer.alloc(0);

/** @param version of the request. @throws RangeError where the answer is cut off. */
export function readFetchAnswer(bytes: Buffer, version: number): FetchAnswer {
  let at = 0;
  const int16 = () => {
    at += 2;
    return bytes.readInt16BE(at - 2);
  };
  const int32 = () => {
    at += 4;
    return bytes.readInt32BE(at - 4);
  };
  const long = () => {
    at += 8;
    return int64(bytes, at - 8);
  };
  /** An array may be null, with a length of -1. */
  const list = <T>(item: () => T): T[] => Array.from({ length: Math.max(0, int32()) }, item);
  const partition = (): FetchedPartition => {
    const head = { partition: int32(), errorCode: int16(), highWatermark: String(long()) };
    // The last stable offset and, since version 5, the first offset of the log.
    at += version >= 5 ? 16 : 8;
    const aborted = list(() => ({ producerId: long(), firstOffset: long() }));
    const preferredReadReplica = version >= 11 ? int32() : -1;
    const start = at + 4;
    at = start + Math.max(0, int32());
    if (at > bytes.length) throw new RangeError('the answer to a fetch ends before its last partition');
    return { ...head, preferredReadReplica, aborted, recordSet: start < at ? bytes.subarray(start, at) : NOTHING };
  };
  const topic = () => {
    const start = at + 2;
    at = start + int16();
    return { topicName: bytes.toString('utf8', start, at), partitions: list(partition) };
  };
  const throttled = int32();
  // The code of an error and the id of a session, which KafkaJS does not ask for.
  if (version >= 7) at += 6;
  // Before version 8 the broker has waited itself.
  return { clientSideThrottleTime: version >= 8 ? throttled : 0, responses: list(topic) };
}
