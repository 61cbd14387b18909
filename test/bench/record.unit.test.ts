import { describe, expect, test } from '@jest/globals';
import avsc from 'avsc';
import { Batch } from '../../bench/workload/batch.ts';
import { Bytes } from '../../bench/workload/bytes.ts';
import { MOST_BYTES, writeEvent, writeSessionId } from '../../bench/workload/record.ts';
import { WORKLOAD_SCHEMA } from '../../bench/workload/schema.ts';
import { crc32c } from '../../src/kafka/crc32c.ts';

const TYPE = avsc.Type.forSchema(JSON.parse(WORKLOAD_SCHEMA) as avsc.Schema);
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function written(session: number, index: number, seed = 1): Buffer {
  const bytes = new Bytes(MOST_BYTES);
  writeEvent(bytes, 7, { session, index, occurredAt: 1_700_000_000_123 }, seed);
  return bytes.buffer.subarray(0, bytes.at);
}

interface Decoded {
  readonly event_id: string;
  readonly session_id: string;
  readonly context: { readonly page: { readonly referrer: string | null }; readonly utm: object | null };
}

function decoded(session: number, index: number, seed = 1): Decoded {
  return TYPE.fromBuffer(written(session, index, seed).subarray(5)) as Decoded;
}

function keyOf(session: number): string {
  const bytes = new Bytes(64);
  writeSessionId(bytes, session);
  return bytes.buffer.toString('latin1', 0, bytes.at);
}

describe('an event', () => {
  test('is what the schema says, in the Confluent wire format', () => {
    expect(written(5, 3).subarray(0, 5)).toEqual(Buffer.from([0, 0, 0, 0, 7]));
    expect(decoded(5, 3)).toMatchObject({
      event_id: expect.stringMatching(UUID),
      session_id: keyOf(5),
      profile_id: 'p-1',
      source_id: 'shop',
      occurred_at: 1_700_000_000_123,
      sent_at: null,
      received_at: null,
      debug: false,
      context: { page: { referrer: null }, utm: null, location: { country: 'IN' }, device: { os: 'Android 14' } },
      properties: { price: expect.anything() },
      traits: {},
    });
  });

  test('has the size of those that engines were measured with', () => {
    const sizes = Array.from({ length: 1_000 }, (_, i) => written(i * 31, i % 12).length);
    const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    expect(mean).toBeGreaterThan(240);
    expect(mean).toBeLessThan(275);
    expect(Math.max(...sizes)).toBeLessThan(MOST_BYTES);
  });

  test('says where the session came from with its first event only', () => {
    expect(decoded(5, 0).context).toMatchObject({
      page: { referrer: 'https://search.example/' },
      utm: { source: 'newsletter' },
    });
    expect(decoded(5, 1).context).toMatchObject({ page: { referrer: null }, utm: null });
  });

  test('has an id that no other has', () => {
    const ids = new Set<string>();
    for (let session = 0; session < 400; session++) {
      for (let index = 0; index < 50; index++) ids.add(decoded(session, index).event_id);
    }
    expect(ids.size).toBe(20_000);
    expect(decoded(5, 3, 2).event_id).not.toBe(decoded(5, 3, 1).event_id);
  });

  test('is keyed by a session id that no other session has', () => {
    const keys = new Set(Array.from({ length: 20_000 }, (_, session) => keyOf(session)));
    expect(keys.size).toBe(20_000);
  });
});

describe('bytes', () => {
  test.each([0, 1, -1, 63, 64, -64, -65, 8_191, 8_192, 2 ** 31, -(2 ** 31), 1_700_000_000_123, 2 ** 52])(
    'a long of %d is as Avro has it',
    (value) => {
      const bytes = new Bytes();
      bytes.long(value);
      expect(bytes.buffer.subarray(0, bytes.at)).toEqual(avsc.Type.forSchema('long').toBuffer(value));
    },
  );
});

describe('a record batch', () => {
  test('has the checksum that is known of these bytes', () => {
    expect(crc32c(Buffer.from('123456789'), 0, 9)).toBe(0xe3069283);
    expect(crc32c(Buffer.from('..123456789.'), 2, 11)).toBe(0xe3069283);
  });

  test('grows with its records, and is empty once it is cleared', () => {
    const batch = new Batch();
    const empty = batch.size;
    batch.add(1_000, Buffer.from('key'), Buffer.alloc(100_000));
    expect(batch.count).toBe(1);
    expect(batch.size).toBeGreaterThan(100_000);
    batch.clear();
    expect([batch.count, batch.size]).toEqual([0, empty]);
  });
});
