import { describe, expect, test } from '@jest/globals';
import pino from 'pino';
import type { Observer } from '../../src/ports/observer.ts';
import type { RawRecord } from '../../src/ports/record.ts';
import { UsedSchemas, WriterSchemas } from '../../src/processor/schemas.ts';
import { VirtualClock } from './support/virtual-clock.ts';

const logger = pino({ level: 'silent' });

function setUp(answers: (id: number) => string | null) {
  const clock = new VirtualClock(0);
  const failures: string[] = [];
  const observer = { failed: (part: string) => failures.push(part) } as unknown as Observer;
  const read = new Map<number, string | null>();
  const asked: number[] = [];
  const reader = {
    schemaIdOf: ({ value }: RawRecord) => (value === null ? null : value.readUInt32BE()),
    add: (id: number, schema: string) => read.set(id, schema),
    addUnknown: (id: number) => read.set(id, null),
    forget: (id: number) => read.delete(id),
  };
  const registry = {
    writerSchema: async (id: number) => {
      asked.push(id);
      return answers(id);
    },
  };
  return { clock, failures, read, asked, schemas: new WriterSchemas(reader, registry, { clock, logger, observer }) };
}

function record(offset: number, id: number): RawRecord {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(id);
  return { offset, timestamp: 0, key: null, value: bytes, headers: [] };
}

const goOn = () => false;

describe('writer schemas', () => {
  test('a record is to be learnt from until its schema is kept or will be, and then no more', async () => {
    const { schemas } = setUp((id) => (id === 9 ? null : `schema ${id}`));
    const used = new UsedSchemas(schemas, new Map([[8, 'schema 8']]));
    const known = (...ids: number[]) => ids.map((id) => used.isKnown(record(1, id)));
    expect(known(7, 8, 9)).toEqual([false, true, false]);
    await used.learn([record(1, 7), record(2, 9)], goOn);
    expect(known(7, 8, 7, 9)).toEqual([true, true, true, false]);
    // Another partition's records do not keep it for this one.
    expect(new UsedSchemas(schemas, new Map()).isKnown(record(1, 7))).toBe(false);
  });

  test('are kept by each partition with the first offset that they decode, until the commit that keeps them', async () => {
    const { schemas, asked } = setUp((id) => `schema ${id}`);
    const one = new UsedSchemas(schemas, new Map());
    const other = new UsedSchemas(schemas, new Map([[8, 'schema 8']]));
    await one.learn([record(10, 7), record(11, 8), record(12, 7)], goOn);
    await other.learn([record(20, 7), record(21, 8)], goOn);
    expect(one.toStore()).toEqual([
      { id: 7, schema: 'schema 7', fromOffset: 10 },
      { id: 8, schema: 'schema 8', fromOffset: 11 },
    ]);
    expect(other.toStore()).toEqual([{ id: 7, schema: 'schema 7', fromOffset: 20 }]);
    expect(asked).toEqual([7]);
    one.stored(one.toStore());
    expect(one.toStore()).toEqual([]);
    expect(other.toStore()).toHaveLength(1);
  });

  test('that the registry does not know are asked for again, and kept from the offset at which it does', async () => {
    let known = false;
    const { schemas, clock, read, asked } = setUp((id) => (known ? `schema ${id}` : null));
    const used = new UsedSchemas(schemas, new Map());
    await used.learn([record(1, 7), record(2, 7)], goOn);
    expect(read.get(7)).toBeNull();
    expect(asked).toEqual([7]);
    known = true;
    await used.learn([record(3, 7)], goOn);
    expect(used.toStore()).toEqual([]);
    await clock.pass(10_000);
    await used.learn([record(4, 7)], goOn);
    expect(read.get(7)).toBe('schema 7');
    expect(used.toStore()).toEqual([{ id: 7, schema: 'schema 7', fromOffset: 4 }]);
  });

  test('that are unknown are remembered up to a number: the oldest is dropped, and asked for again', async () => {
    const { schemas, read, asked } = setUp(() => null);
    const used = new UsedSchemas(schemas, new Map());
    for (let id = 0; id <= 200_000; id++) await used.learn([record(id, id)], goOn);
    expect(read.size).toBe(200_000);
    expect(read.has(0)).toBe(false);
    await used.learn([record(1, 200_000), record(2, 0)], goOn);
    expect(asked.slice(-2)).toEqual([200_000, 0]);
    expect(read.get(0)).toBeNull();
  });

  test('are waited for while the registry does not answer, and no longer once the processor ends', async () => {
    let away = true;
    const { schemas, clock, failures } = setUp((id) => {
      if (away) throw new Error('connection refused');
      return `schema ${id}`;
    });
    const used = new UsedSchemas(schemas, new Map());
    let learnt = false;
    const learning = used.learn([record(1, 7)], goOn).then(() => {
      learnt = true;
    });
    await clock.pass(60_000);
    expect(learnt).toBe(false);
    expect(new Set(failures)).toEqual(new Set(['registry']));
    away = false;
    await clock.pass(10_000);
    await learning;
    expect(used.toStore()).toHaveLength(1);

    away = true;
    let ending = false;
    const ended = new UsedSchemas(schemas, new Map()).learn([record(1, 9)], () => ending);
    await clock.pass(1_000);
    ending = true;
    await clock.pass(10_000);
    await ended;
  });
});
