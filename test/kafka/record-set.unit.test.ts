import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import Decoder from 'kafkajs/src/protocol/decoder.js';
import decodeMessages from 'kafkajs/src/protocol/requests/fetch/v4/decodeMessages.js';
import { readRecordSet } from '../../src/kafka/record-set.ts';
import { headerList } from '../../src/kafka/records.ts';
import type { RawRecord } from '../../src/ports/record.ts';
import { type Codec, codecs } from './support/codecs.ts';
import { batchBytes, int, type LogBatch, marker } from './support/log-bytes.ts';

const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
const nullable = fc.option(bytes, { freq: 5 });
// KafkaJS's object puts names that look like numbers first, and loses those that every object has.
const name = fc.string({ maxLength: 5 }).map((text) => `h${text.toWellFormed()}`);
const record = fc.record({
  gap: fc.nat(3),
  timestampDelta: fc.oneof(fc.integer({ min: -5, max: 100_000 }), fc.maxSafeInteger()),
  key: nullable,
  value: nullable,
  headers: fc.uniqueArray(fc.tuple(name, nullable), { maxLength: 3, selector: ([each]) => each }),
});
const batches = fc.array(
  fc.record({
    gap: fc.nat(300),
    timestamp: fc.oneof(fc.integer({ min: -1, max: 2_000_000_000_000 }), fc.bigInt(-(2n ** 62n), 2n ** 62n)),
    maxTimestamp: fc.nat(),
    appendTime: fc.boolean(),
    codec: fc.constantFrom<Codec>(0, 0, 0, 1, 2, 3, 4),
    tail: fc.nat(2),
    records: fc.array(record, { minLength: 1, maxLength: 20 }),
  }),
  { minLength: 1, maxLength: 5 },
);

/** Batches one behind the other, with holes in offsets within them and between. */
function logOf(given: typeof batches extends fc.Arbitrary<infer T> ? T : never): LogBatch[] {
  let next = 1_000;
  return given.map(({ gap, tail, records, ...more }) => {
    const first = next + gap;
    let delta = -1;
    const placed = records.map(({ gap: hole, ...each }) => {
      delta += hole + 1;
      return { ...each, delta };
    });
    next = first + delta + tail + 1;
    return { ...more, first, records: placed, lastDelta: delta + tail };
  });
}

const plain = ({ offset, timestamp, key, value, headers }: RawRecord) => ({ offset, timestamp, key, value, headers });

async function readAll(log: readonly LogBatch[], from = 0, aborted: Parameters<typeof readRecordSet>[2] = []) {
  const set = Buffer.concat(await Promise.all(log.map(batchBytes)));
  const { records, next } = await readRecordSet(set, from, aborted);
  return { records: records.map(plain), next };
}

describe('what a fetch brings of a partition', () => {
  test('is what KafkaJS reads of it, wherever it begins and is cut off', async () => {
    await fc.assert(
      fc.asyncProperty(batches, fc.nat(200), fc.double({ min: 0, max: 1, noNaN: true }), async (given, skip, cut) => {
        const log = logOf(given);
        const from = 1_000 + skip;
        const parts = await Promise.all(log.map(batchBytes));
        const all = Buffer.concat(parts);
        const set = all.subarray(0, Math.ceil(all.length * cut));
        // It takes for granted that the first batch's format is there.
        const judge =
          set.length < 17 ? [] : await decodeMessages(new Decoder(Buffer.concat([int(4, set.length), set])));
        const wanted = judge
          .filter(({ offset }) => Number(offset) >= from)
          .map(({ offset, timestamp, key, value, headers }) => ({
            offset: Number(offset),
            timestamp: Math.min(Math.max(Number(timestamp), 0), 2 ** 48 - 1),
            key,
            value,
            headers: headerList(headers),
          }));
        let end = 0;
        const whole = parts.filter((part) => {
          end += part.length;
          return end <= set.length;
        }).length;
        const last = whole === 0 ? null : log[whole - 1]!.first + log[whole - 1]!.lastDelta! + 1;
        const { records, next } = await readRecordSet(set, from, []);
        expect(records.map(plain)).toEqual(wanted);
        expect(next).toBe(last !== null && last > from ? last : null);
      }),
      { numRuns: 300 },
    );
  });

  test('damaged, is refused or read, and never read for ever', async () => {
    await fc.assert(
      fc.asyncProperty(batches, fc.nat(), fc.nat(255), async (given, where, byte) => {
        const set = Buffer.concat(await Promise.all(logOf(given).map((batch) => batchBytes({ ...batch, codec: 0 }))));
        set[where % set.length] = byte;
        const { records } = await readRecordSet(set, 0, []).catch(() => ({ records: [] }));
        expect(records.every(({ key, value }) => (key?.length ?? 0) + (value?.length ?? 0) <= set.length)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
    const set = await batchBytes({ first: 7, records: [{ delta: 0, value: Buffer.alloc(10) }] });
    set[61] = 127;
    await expect(readRecordSet(set, 0, [])).rejects.toThrow('the record batch at offset 7 is damaged');
    set[16] = 3;
    await expect(readRecordSet(set, 0, [])).rejects.toThrow(
      'the record batch at offset 7 cannot be unpacked: it has format 3',
    );
    set.writeInt32BE(-12, 8);
    await expect(readRecordSet(set, 0, [])).rejects.toThrow('0 bytes');
  });

  test('moves the position over a batch of which compaction has left the frame alone', async () => {
    expect(await readAll([{ first: 4, records: [], lastDelta: 5 }], 4)).toEqual({ records: [], next: 10 });
  });

  test('has times that visit ids and Postgres can hold, whatever producers stamped, and the broker’s where it did', async () => {
    const at = async (timestamp: number | bigint, timestampDelta: number | bigint, more: Partial<LogBatch> = {}) =>
      (await readAll([{ first: 0, timestamp, records: [{ delta: 0, timestampDelta }], ...more }])).records[0]!
        .timestamp;
    expect(await at(1_767_225_600_000, 7)).toBe(1_767_225_600_007);
    expect(await at(-1, 0)).toBe(0);
    expect(await at(2n ** 63n - 1n, 0)).toBe(2 ** 48 - 1);
    expect(await at(0, -1)).toBe(0);
    // Beyond what numbers hold exactly, and back: to the millisecond.
    expect(await at(2n ** 62n + 1n, 1_767_225_600_000n - 2n ** 62n)).toBe(1_767_225_600_001);
    expect(await at(5, 7, { appendTime: true, maxTimestamp: 1_767_225_600_000 })).toBe(1_767_225_600_000);
  });

  test('has headers in their order, a name as often as it stands, whatever it is, and none without a value', async () => {
    const names = ['b', '1', 'b', '__proto__', 'toString', '1', 'ż'];
    const headers = names.map((of, i) => [of, i === 2 ? null : Buffer.from([i])] as const);
    const { records } = await readAll([{ first: 0, records: [{ delta: 0, headers }] }]);
    expect(records[0]!.headers).toEqual(names.map((of, i) => [of, i === 2 ? Buffer.alloc(0) : Buffer.from([i])]));
  });

  test('says of each record whether the broker stamped its batch', async () => {
    const set = Buffer.concat([
      await batchBytes({ first: 0, timestamp: 5, records: [{ delta: 0 }, { delta: 1 }] }),
      await batchBytes({
        first: 2,
        timestamp: 5,
        appendTime: true,
        maxTimestamp: 6,
        codec: 1,
        records: [{ delta: 0 }],
      }),
      await batchBytes({ first: 3, timestamp: 7, codec: 2, transactional: true, records: [{ delta: 0 }] }),
    ]);
    const { records } = await readRecordSet(set, 0, []);
    expect(records.map(({ stamped, timestamp }) => [stamped, timestamp])).toEqual([
      [false, 5],
      [false, 5],
      [true, 6],
      [false, 7],
    ]);
  });

  test('says so too of the formats before, where the stamp on a compressed message is that of all in it', async () => {
    const inside = Buffer.concat([message(1, 0, 'c', { timestamp: 3 }), message(1, 1, 'd', { timestamp: 4 })]);
    const packed = await codecs[1].compress(inside);
    const set = Buffer.concat([
      message(0, 0, 'a'),
      message(1, 1, 'b', { timestamp: 1 }),
      message(1, 2, 'c', { timestamp: 2, attributes: APPEND_TIME }),
      message(1, 4, packed, { timestamp: 9, attributes: APPEND_TIME | GZIP }),
      message(1, 6, packed, { timestamp: 9, attributes: GZIP }),
    ]);
    const { records } = await readRecordSet(set, 0, []);
    expect(records.map(({ offset, stamped, timestamp }) => [offset, stamped, timestamp])).toEqual([
      [0, false, 0],
      [1, false, 1],
      [2, true, 2],
      [3, true, 9],
      [4, true, 9],
      [5, false, 3],
      [6, false, 4],
    ]);
  });

  test('may be of the formats before, also in front of the newer one', async () => {
    const set = Buffer.concat([
      message(0, 3, 'a'),
      message(1, 4, 'b', { timestamp: 1_767_225_600_000 }),
      message(1, 5, 'c', { timestamp: 1_767_225_600_000 }),
      await batchBytes({ first: 6, records: [{ delta: 0, value: Buffer.from('d') }] }),
    ]);
    const { records, next } = await readRecordSet(set, 4, []);
    expect(records.map(({ offset, value }) => `${offset}${value}`)).toEqual(['4b', '5c', '6d']);
    expect(records[0]).toMatchObject({ timestamp: 1_767_225_600_000, key: null, headers: [] });
    expect(next).toBe(7);
  });
});

const GZIP = 1;
const APPEND_TIME = 8;

/** A message of the formats before. */
function message(
  format: 0 | 1,
  offset: number,
  value: string | Buffer,
  { timestamp = -1, attributes = 0 }: { readonly timestamp?: number; readonly attributes?: number } = {},
): Buffer {
  const body = Buffer.concat([
    int(4, 0),
    int(1, format),
    int(1, attributes),
    ...(format === 1 ? [int(8, timestamp)] : []),
    int(4, -1),
    int(4, value.length),
    Buffer.from(value),
  ]);
  return Buffer.concat([int(8, offset), int(4, body.length), body]);
}

type Step = { readonly producer: number; readonly what: 'data' | 'plain' | 'commit' | 'abort' };

/** A partition's log, and what a broker says of it: the transactions that were aborted in the end. */
function transactionsOf(steps: readonly Step[]) {
  const open = new Map<number, number>();
  const aborted: { producerId: number; firstOffset: number; last: number }[] = [];
  const log = steps.map(({ producer, what }, i): LogBatch => {
    const first = i * 2;
    if (what === 'data' && !open.has(producer)) open.set(producer, first);
    const began = open.get(producer);
    if (what === 'commit' || what === 'abort') open.delete(producer);
    if (what === 'abort' && began !== undefined)
      aborted.push({ producerId: producer, firstOffset: began, last: first });
    // A key of four zero bytes is what the marker of an aborted transaction has; it means nothing on a record.
    const records = [0, 1].map((delta) => ({ delta, key: marker('abort') }));
    if (what === 'data') return { first, records, producerId: producer, transactional: true };
    if (what === 'plain') return { first, records, producerId: producer };
    const control = { producerId: producer, transactional: true, control: true };
    return { first, records: [{ delta: 0, key: marker(what) }], ...control };
  });
  const isAborted = (step: number) =>
    aborted.some(
      ({ producerId, firstOffset, last }) =>
        producerId === steps[step]!.producer && firstOffset <= step * 2 && step * 2 < last,
    );
  return { log, aborted, isAborted };
}

const steps = fc.array(
  fc.record({
    producer: fc.integer({ min: 1, max: 3 }),
    what: fc.constantFrom<Step['what']>('data', 'data', 'data', 'plain', 'commit', 'abort'),
  }),
  { minLength: 1, maxLength: 40 },
);

describe('records of aborted transactions and control records', () => {
  test('are left out, and no others, wherever the fetch begins and in whatever order the broker lists them', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(40), fc.nat(), async (given, start, turn) => {
        const { log, aborted, isAborted } = transactionsOf(given);
        // The broker lists those that touch what it gives out.
        const listed = aborted.filter(({ last }) => last >= start * 2);
        const turned = listed.map((_, i) => listed[(i + turn) % listed.length]!);
        const wanted = given.flatMap(({ what }, step) => {
          const counts = step >= start && (what === 'plain' || (what === 'data' && !isAborted(step)));
          return counts ? [step * 2, step * 2 + 1] : [];
        });
        const { records, next } = await readAll(log.slice(start), start * 2, turned);
        expect(records.map(({ offset }) => offset)).toEqual(wanted);
        const last = log.slice(start).at(-1);
        expect(next).toBe(last === undefined ? null : last.first + last.records.length);
      }),
      { numRuns: 500 },
    );
  });
});
