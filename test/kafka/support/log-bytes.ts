/** Record batches as a broker keeps them, written plainly from the description of the format. */
import { type Codec, codecs } from './codecs.ts';

export interface LogRecord {
  /** Behind the batch's first. */
  readonly delta: number;
  readonly timestampDelta?: number | bigint;
  readonly key?: Buffer | null;
  readonly value?: Buffer | null;
  readonly headers?: readonly (readonly [string, Buffer | null])[];
}

export interface LogBatch {
  readonly first: number;
  readonly records: readonly LogRecord[];
  /** Behind the first; the last record's if left out. */
  readonly lastDelta?: number;
  readonly timestamp?: number | bigint;
  readonly maxTimestamp?: number;
  readonly producerId?: number;
  readonly codec?: Codec;
  /** Of the leader that appended it. */
  readonly leaderEpoch?: number;
  readonly appendTime?: boolean;
  readonly transactional?: boolean;
  readonly control?: boolean;
}

/** The key of a control record. */
export const marker = (kind: 'commit' | 'abort'): Buffer => Buffer.from([0, 0, 0, kind === 'abort' ? 0 : 1]);

export function varint(value: number | bigint): Buffer {
  let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
  const bytes: number[] = [];
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

const sized = (bytes: Buffer | null) => (bytes === null ? varint(-1) : Buffer.concat([varint(bytes.length), bytes]));

export function int(bytes: 1 | 2 | 4 | 8, value: number | bigint): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64BE(BigInt.asIntN(64, BigInt(value)));
  return buffer.subarray(8 - bytes);
}

function recordBytes({ delta, timestampDelta = 0, key = null, value = null, headers = [] }: LogRecord): Buffer {
  return sized(
    Buffer.concat([
      int(1, 0),
      varint(timestampDelta),
      varint(delta),
      sized(key),
      sized(value),
      varint(headers.length),
      ...headers.flatMap(([name, content]) => [sized(Buffer.from(name)), sized(content)]),
    ]),
  );
}

export async function batchBytes(batch: LogBatch): Promise<Buffer> {
  const { first, records, lastDelta = records.at(-1)?.delta ?? 0, timestamp = 0, maxTimestamp = 0 } = batch;
  const {
    producerId = -1,
    codec = 0,
    leaderEpoch = 0,
    appendTime = false,
    transactional = false,
    control = false,
  } = batch;
  const attributes = codec | (appendTime ? 8 : 0) | (transactional ? 16 : 0) | (control ? 32 : 0);
  const plain = Buffer.concat(records.map(recordBytes));
  const body = Buffer.concat([
    int(4, leaderEpoch),
    int(1, 2),
    int(4, 0),
    int(2, attributes),
    int(4, lastDelta),
    int(8, timestamp),
    int(8, maxTimestamp),
    int(8, producerId),
    int(2, 0),
    int(4, 0),
    int(4, records.length),
    codec === 0 ? plain : await codecs[codec].compress(plain),
  ]);
  return Buffer.concat([int(8, first), int(4, body.length), body]);
}
