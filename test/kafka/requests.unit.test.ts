import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import Record from 'kafkajs/src/protocol/recordBatch/record/v0/index.js';
import batches from 'kafkajs/src/protocol/recordBatch/v0/index.js';
import { BatchWriter } from '../../src/kafka/batch-writer.ts';
import { crc32c } from '../../src/kafka/crc32c.ts';
import { readRecordSet } from '../../src/kafka/record-set.ts';
import { type RequestOptions, Requests } from '../../src/kafka/requests.ts';
import { OUTPUT_TOPICS, type OutMessage, type OutputTopic } from '../../src/ports/output.ts';
import { ready } from '../wire/support/messages.ts';

const SENDER = { producerId: 4_000_000_000_000n, producerEpoch: 7, firstSequence: 99, transactional: true };
const AT = 1_767_225_600_000;

const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
const content = fc.record({
  key: fc.option(bytes, { nil: null }),
  value: fc.option(bytes, { nil: null }),
  headers: fc.uniqueArray(
    fc.tuple(
      fc.string({ maxLength: 5 }).map((name) => `h${name.toWellFormed()}`),
      bytes,
    ),
    { maxLength: 3, selector: ([name]) => name },
  ),
});
const inOrder = (first: number, of: readonly Omit<OutMessage, 'sequence'>[]): OutMessage[] =>
  of.map((each, i) => ({ ...each, sequence: first + i }));

describe('a batch to send', () => {
  test('is what KafkaJS would have written, byte for byte', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(content, { minLength: 1, maxLength: 150 }), async (given) => {
        const messages = ready(
          inOrder(
            5,
            given.map((each) => ({ topic: 'output', ...each })),
          ),
        );
        const batch = new BatchWriter();
        for (let i = 0; i < given.length; i += 1) {
          const before = batch.bytes;
          const size = batch.sizeOf(messages, i);
          batch.add(messages, i);
          expect(batch.bytes - before).toBe(size);
        }
        const records = given.map(({ headers, ...each }, offsetDelta) =>
          Record({ ...each, offsetDelta, timestampDelta: 0, headers: Object.fromEntries(headers) }),
        );
        const { buffer } = await batches.RecordBatch({
          records,
          ...SENDER,
          firstTimestamp: AT,
          maxTimestamp: AT,
          partitionLeaderEpoch: -1,
          lastOffsetDelta: given.length - 1,
          transactional: true,
        });
        expect(batch.finish(SENDER, AT).toString('hex')).toBe(buffer.toString('hex'));
      }),
      { numRuns: 100 },
    );
  });

  test('has the checksum that the protocol names', () => {
    const check = Buffer.from('...123456789');
    expect(crc32c(check, 3, check.length)).toBe(0xe3069283);
    // A bit at a time, as the polynomial says it.
    for (const length of [0, 1, 15, 16, 17, 33, 100]) {
      const given = Buffer.from(Array.from({ length }, (_, i) => (i * 167) & 0xff));
      let crc = 0xffffffff;
      for (const byte of given) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0x82f63b78;
      }
      expect(crc32c(given, 0, length)).toBe(~crc >>> 0);
    }
  });
});

const layout = (partitions: Partial<{ [topic in OutputTopic]: number }>, limits: number): RequestOptions['layout'] => ({
  inputPartitions: 4,
  partitions: new Map(OUTPUT_TOPICS.map((topic) => [topic, partitions[topic] ?? 4])),
  limits: new Map(OUTPUT_TOPICS.map((topic) => [topic, limits])),
});
const topics = { output: 'o', 'dead-letter': 'd', late: 'l' };

/** What a broker would find in each request: by topic and partition, the values of its batch, and its bytes. */
async function sent(requests: Requests, messages: Parameters<Requests['split']>[0]) {
  const found: { readonly bytes: number; readonly batches: Map<string, string[]> }[] = [];
  for (const request of requests.split(messages, AT)) {
    const read = new Map<string, string[]>();
    let total = 0;
    for (const { topic, partition, batch } of request) {
      const set = batch.finish(SENDER, AT);
      const { records } = await readRecordSet(set, 0, []);
      expect(records).toHaveLength(batch.length);
      read.set(
        `${topic}${partition}`,
        records.map(({ value }) => String(value)),
      );
      total += set.length;
    }
    found.push({ bytes: total, batches: read });
  }
  return found;
}

describe('messages split into requests', () => {
  const numbered = fc.array(
    fc.tuple(fc.constantFrom<OutputTopic>('output', 'output', 'dead-letter', 'late'), fc.nat(3_000), fc.nat(9)),
    { minLength: 1, maxLength: 200 },
  );

  test('keep their order in each partition, each once, and batches their topic’s limit', async () => {
    await fc.assert(
      fc.asyncProperty(numbered, fc.integer({ min: 1, max: 3 }), async (given, rows) => {
        const all = inOrder(
          10,
          given.map(([topic, size, key], i) => ({
            topic,
            key: Buffer.from(String(key)),
            value: Buffer.from(`${i} `.padEnd(size + 5, '.')),
            headers: [],
          })),
        );
        const per = Math.ceil(all.length / rows);
        const parts = Array.from({ length: rows }, (_, i) => all.slice(i * per, (i + 1) * per)).filter((p) => p.length);
        const requests = new Requests({ topics, layout: layout({ late: 3 }, 5_000), inputPartition: 2 });
        const found = await sent(requests, parts.map(ready));
        const seen = new Map<string, string[]>();
        for (const { batches } of found) {
          for (const [where, values] of batches) seen.set(where, [...(seen.get(where) ?? []), ...values]);
        }
        const values = (wanted: readonly OutMessage[]) => wanted.map(({ value }) => String(value));
        expect(seen.get('o2') ?? []).toEqual(values(all.filter(({ topic }) => topic === 'output')));
        expect(seen.get('d2') ?? []).toEqual(values(all.filter(({ topic }) => topic === 'dead-letter')));
        const late = all.filter(({ topic }) => topic === 'late');
        expect(['l0', 'l1', 'l2'].flatMap((where) => seen.get(where) ?? []).sort()).toEqual(values(late).sort());
        for (const key of Array.from({ length: 10 }, (_, i) => String(i))) {
          const own = values(late.filter((message) => String(message.key) === key));
          const places = ['l0', 'l1', 'l2'].filter((where) => own.some((value) => seen.get(where)?.includes(value)));
          if (own.length > 0) expect(places).toHaveLength(1);
          expect(places.flatMap((where) => seen.get(where)!.filter((value) => own.includes(value)))).toEqual(own);
        }
        for (const { batches } of found) {
          for (const values of batches.values()) {
            if (values.length > 1) expect(values.join('').length).toBeLessThan(5_000);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  test('take half a megabyte at most, and what is larger goes alone', async () => {
    const sized = (sizes: readonly number[]) =>
      ready(
        inOrder(
          0,
          sizes.map((size) => ({ topic: 'output', key: null, value: Buffer.alloc(size), headers: [] })),
        ),
      );
    const requests = new Requests({ topics, layout: layout({}, 1_048_588), inputPartition: 0 });
    const many = await sent(requests, [sized(Array(3_000).fill(500))]);
    expect(many).toHaveLength(3);
    for (const { bytes: total } of many) expect(total).toBeLessThan(525_000);
    expect(await sent(requests, [])).toEqual([]);
    expect((await sent(requests, [sized([10, 2_000_000, 10])])).map(({ bytes: total }) => total > 1_000_000)).toEqual([
      false,
      true,
      false,
    ]);
  });

  test('after a request that failed begin anew: nothing of it goes out with the next', async () => {
    const requests = new Requests({ topics, layout: layout({}, 1_000), inputPartition: 1 });
    const message = (value: string): Omit<OutMessage, 'sequence'> => ({
      topic: 'output',
      key: null,
      value: Buffer.from(value),
      headers: [],
    });
    const [failed] = requests.split([ready(inOrder(0, [message('a'), message('b')]))], AT);
    expect(failed).toHaveLength(1);
    const found = await sent(requests, [ready(inOrder(1, [message('b')]))]);
    expect(found.map(({ batches: of }) => [...of])).toEqual([[['o1', ['b']]]]);
  });
});
