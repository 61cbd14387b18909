import { describe, expect, test } from '@jest/globals';
import avsc from 'avsc';
import fc from 'fast-check';
import { isRefusal, type TrackEvent } from '../../src/core/rules/event.ts';
import type { RawRecord } from '../../src/ports/record.ts';
import { AvroDecoder, schemaIdOf, UNKNOWN_SCHEMA } from '../../src/wire/avro.ts';
import { TRACK_EVENT_SCHEMA } from '../../src/wire/schemas.ts';
import { toEvent } from '../../src/wire/track-event.ts';
import { plainEntry } from './support/plain-entry.ts';

const NOW = 1_767_225_600_000;
const TYPE = avsc.Type.forSchema(JSON.parse(TRACK_EVENT_SCHEMA));
const LEAST = {
  event_id: 'e1',
  session_id: 's1',
  profile_id: null,
  source_id: null,
  type: 'page-view',
  occurred_at: NOW,
  sent_at: null,
  received_at: null,
  debug: false,
  context: null,
  properties: {},
  traits: {},
};

type Field = { name: string; [key: string]: unknown };

/** Our schema with its fields changed. */
function evolved(change: (fields: Field[]) => Field[], rest: object = {}) {
  const schema = JSON.parse(TRACK_EVENT_SCHEMA);
  return { ...schema, fields: change(schema.fields), ...rest };
}

const withType = (name: string, type: unknown) =>
  evolved((fields) => fields.map((field) => (field.name === name ? { name, type } : field)));

function framed(body: Buffer, id = 1): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(id, 1);
  return Buffer.concat([header, body]);
}

function recordOf(value: Buffer | null, headers: RawRecord['headers'] = []): RawRecord {
  return { offset: 7, timestamp: NOW + 500, key: null, value, headers };
}

/** Made once a schema, as in the processor: what one record leaves behind must not show in the next. */
const decoders = new Map<string, AvroDecoder>();

function decoderOf(schema: string, keepProperties: boolean): AvroDecoder {
  const key = `${keepProperties} ${schema}`;
  const known = decoders.get(key);
  if (known !== undefined) return known;
  const decoder = new AvroDecoder({ keepProperties });
  decoder.addWriter(1, schema);
  decoders.set(key, decoder);
  return decoder;
}

function decode(schema: object | string, value: Buffer | null, keepProperties = false, headers?: RawRecord['headers']) {
  const decoder = decoderOf(typeof schema === 'string' ? schema : JSON.stringify(schema), keepProperties);
  const record = recordOf(value, headers);
  const out = decoder.decode(record);
  expect(out).toMatchObject({ offset: 7, timestamp: NOW + 500 });
  expect(out.raw).toBe(record);
  expect(out.entries).toHaveLength(1);
  return plainEntry(out.entries[0]!);
}

function written(schema: object, value: object): Buffer {
  const type = schema === OURS ? TYPE : avsc.Type.forSchema(schema as avsc.Schema);
  return framed(type.toBuffer(value));
}

function taken(schema: object, value: object, keepProperties = false): TrackEvent {
  const entry = decode(schema, written(schema, value), keepProperties);
  if (isRefusal(entry)) throw new Error(entry.error);
  return entry;
}

function undecodable(schema: object | string, value: Buffer | null): string {
  const entry = decode(schema, value);
  if (!isRefusal(entry)) throw new Error('was taken');
  expect(entry.refused).toBe('undecodable');
  return entry.error;
}

const OURS = JSON.parse(TRACK_EVENT_SCHEMA);
const text = fc.string({ unit: 'binary', maxLength: 12 }).map((raw) => raw.toWellFormed());
const nullable = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const texts = (...names: string[]) =>
  nullable(fc.record(Object.fromEntries(names.map((name) => [name, nullable(text)]))));
const map = <T>(value: fc.Arbitrary<T>) => fc.dictionary(text, value, { maxKeys: 4, noNullPrototype: true });
const scalar = fc.oneof(fc.constant(null), fc.boolean(), fc.double(), text);
const time = fc.integer({ min: NOW - 1e11, max: NOW + 1e11 });
const anyEvent = fc.record({
  event_id: text,
  session_id: text,
  profile_id: nullable(text),
  source_id: nullable(text),
  type: text,
  occurred_at: time,
  sent_at: nullable(time),
  received_at: nullable(time),
  debug: fc.boolean(),
  context: nullable(
    fc.record({
      page: texts('url', 'path', 'title', 'referrer'),
      utm: texts('source', 'medium', 'campaign', 'term', 'content'),
      device: texts('type', 'brand', 'model', 'os', 'browser', 'screen'),
      location: texts('country', 'region', 'city', 'timezone'),
      ip: nullable(text),
      user_agent: nullable(text),
      extra: map(text),
    }),
  ),
  properties: map(scalar),
  traits: map(scalar),
});

describe('the Confluent wire format', () => {
  test('a schema id is read where there is one', () => {
    expect(schemaIdOf(framed(Buffer.from('x'), 0x7fffffff))).toBe(0x7fffffff);
    expect(schemaIdOf(framed(Buffer.from('x'), 0x80000000))).toBeNull();
    expect(schemaIdOf(framed(Buffer.alloc(0), 3))).toBe(3);
    expect(schemaIdOf(Buffer.from([0, 0, 0, 1]))).toBeNull();
    expect(schemaIdOf(Buffer.from([1, 0, 0, 0, 1, 5]))).toBeNull();
    expect(schemaIdOf(null)).toBeNull();
  });

  test('what is in no such format is undecodable', () => {
    expect(undecodable(OURS, null)).toContain('no value');
    expect(undecodable(OURS, Buffer.from('{"event_id":"e1"}'))).toContain('Confluent');
    expect(undecodable(OURS, Buffer.alloc(0))).toContain('Confluent');
  });

  test('a writer schema that was not added is the caller’s mistake, not the record’s', () => {
    const decoder = new AvroDecoder({ keepProperties: false });
    expect(decoder.known(1)).toBe(false);
    expect(() => decoder.decode(recordOf(written(OURS, LEAST)))).toThrow('was not added');
    decoder.addWriter(1, TRACK_EVENT_SCHEMA);
    expect(decoder.known(1)).toBe(true);
  });

  test('an id that the registry does not know is undecodable', () => {
    expect(undecodable(UNKNOWN_SCHEMA, written(OURS, LEAST))).toContain('not in the schema registry');
  });
});

describe('records of our own schema', () => {
  test('decoding says what was written, field by field', () => {
    fc.assert(
      fc.property(anyEvent, fc.boolean(), (event, keepProperties) => {
        const at = { timestamp: NOW + 500, receivedAtHeader: null };
        const said = decode(OURS, written(OURS, event), keepProperties);
        expect(said).toEqual(toEvent(event, at, { keepProperties }));
      }),
      { numRuns: 500 },
    );
  });

  test('a record cut off anywhere is undecodable, and so is one with a byte more', () => {
    const value = written(OURS, { ...LEAST, sent_at: NOW, traits: { a: 1, b: 'x' }, properties: { c: 2 } });
    for (let end = 5; end < value.length; end++) undecodable(OURS, value.subarray(0, end));
    expect(undecodable(OURS, Buffer.concat([value, Buffer.from([0])]))).toContain('1 bytes follow');
  });

  test('whatever the bytes are, decoding ends with an entry', () => {
    const value = written(OURS, { ...LEAST, traits: { a: 1 }, context: { extra: { a: 'b' } } });
    fc.assert(
      fc.property(fc.nat(value.length - 6), fc.uint8Array({ maxLength: 12 }), fc.boolean(), (at, bytes, keep) => {
        const broken = Buffer.from(value);
        broken.set(bytes.subarray(0, broken.length - 5 - at), 5 + at);
        decode(OURS, broken, keep);
        decode(OURS, framed(Buffer.from(bytes)), keep);
      }),
      { numRuns: 2000 },
    );
  });

  test('a map that claims 2^50 entries is undecodable at once', () => {
    const whole = TYPE.toBuffer(LEAST);
    const count = avsc.Type.forSchema('long').toBuffer(2 ** 50);
    undecodable(OURS, framed(Buffer.concat([whole.subarray(0, -1), count])));
    undecodable(OURS, framed(Buffer.concat([whole.subarray(0, -2), count])));
  });

  test('maps in several blocks, with sizes, are read whole', () => {
    // Two blocks: a negative count with a size in bytes, then a plain one.
    const pair = (key: string, value: string) =>
      Buffer.concat([[2], [...Buffer.from(key)], [6, 2], [...Buffer.from(value)]].map((part) => Buffer.from(part)));
    const traits = Buffer.concat([
      Buffer.from([1, 10]),
      pair('a', 'x'),
      Buffer.from([2]),
      pair('b', 'y'),
      Buffer.from([0]),
    ]);
    const value = framed(Buffer.concat([TYPE.toBuffer(LEAST).subarray(0, -1), traits]));
    expect(decode(OURS, value)).toMatchObject({
      traits: [
        ['a', 'x'],
        ['b', 'y'],
      ],
    });
  });

  test('header tidemark-received-at stands in for received_at', () => {
    const value = written(OURS, { ...LEAST, sent_at: NOW + 10 });
    const header = (text: string) => [['tidemark-received-at', Buffer.from(text)]] as const;
    expect(decode(OURS, value, false, header(String(NOW + 100)))).toMatchObject({ t: NOW + 90 });
    expect(decode(OURS, value, false, header('soon'))).toMatchObject({ refused: 'invalid' });
    expect(decode(OURS, value, false, [['other', Buffer.from('1')]])).toMatchObject({ t: NOW + 490 });
  });

  /** A record whose `occurred_at` is these bytes. */
  function datedBy(bytes: Buffer): Buffer {
    const string = avsc.Type.forSchema('string');
    const ids = [string.toBuffer('e1'), string.toBuffer('s1'), Buffer.from([0, 0]), string.toBuffer('page-view')];
    return framed(Buffer.concat([...ids, bytes, Buffer.alloc(6)]));
  }

  /** A long as Avro writes it, whatever its size. */
  function long(value: bigint): Buffer {
    const bytes: number[] = [];
    let zigzag = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
    for (; zigzag > 127n; zigzag >>= 7n) bytes.push(Number(zigzag & 127n) | 128);
    return Buffer.from([...bytes, Number(zigzag)]);
  }

  test('longs are read exactly up to 2^53', () => {
    const edges = [0n, 1n, 63n, 64n, 2n ** 27n, 2n ** 28n, 2n ** 31n, 2n ** 35n, 2n ** 52n, 2n ** 53n - 2n];
    const values = edges.flatMap((edge) => [edge, -edge, edge + 1n, -edge - 1n]);
    for (const value of values) {
      const entry = decode(OURS, datedBy(long(value)));
      if (value < 946_684_800_000n) expect(entry).toMatchObject({ error: expect.stringContaining(`${value} ms`) });
      else expect(entry).toMatchObject({ t: Number(value) });
    }
  });

  test('a long beyond 2^53 is undecodable', () => {
    for (const value of [2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 53n), -(2n ** 63n)]) {
      expect(undecodable(OURS, datedBy(long(value)))).toContain('2^53');
    }
    expect(undecodable(OURS, datedBy(Buffer.from([...Array(10).fill(0x80), 0])))).toContain('10 bytes');
  });
});

describe('UTF-8', () => {
  const bad = Buffer.from([0x61, 0xff, 0x62]);

  test.each(['event_id', 'session_id', 'profile_id', 'source_id', 'type'])(
    'invalid UTF-8 in %s is invalid, a sent U+FFFD is not',
    (name) => {
      const optional = name === 'profile_id' || name === 'source_id';
      const schema = withType(name, optional ? ['null', 'bytes'] : 'bytes');
      const entry = decode(OURS, written(schema, { ...LEAST, [name]: bad }));
      expect(entry).toMatchObject({ refused: 'invalid', eventId: name === 'event_id' ? null : 'e1' });
      expect(isRefusal(decode(OURS, written(schema, { ...LEAST, [name]: Buffer.from('a\ufffd') })))).toBe(false);
    },
  );

  test('invalid UTF-8 and NUL elsewhere become U+FFFD', () => {
    const schema = withType('traits', { type: 'map', values: ['null', 'boolean', 'double', 'bytes'] });
    const value = written(schema, { ...LEAST, traits: { a: bad, b: Buffer.from('x\0') } });
    expect(decode(OURS, value)).toMatchObject({
      traits: [
        ['a', 'a\ufffdb'],
        ['b', 'x\ufffd'],
      ],
    });
  });
});

describe('evolution', () => {
  const value = { ...LEAST, traits: { a: 1 } };
  const ours = () => taken(OURS, value);

  test('a producer’s own namespace is read', () => {
    const schema = evolved((fields) => fields, { namespace: 'com.shop.tracking' });
    expect(taken(schema, value)).toEqual(ours());
  });

  test('a field that is added is skipped, whatever its type', () => {
    const types: [unknown, unknown][] = [
      ['string', 'x'],
      [['null', 'long'], 2 ** 40],
      ['bytes', Buffer.from('abc')],
      [{ type: 'fixed', name: 'F', size: 3 }, Buffer.from('abc')],
      [{ type: 'enum', name: 'E', symbols: ['A', 'B'] }, 'B'],
      [{ type: 'array', items: { type: 'map', values: 'double' } }, [{ a: 1 }, {}, { b: 2, c: 3 }]],
      [
        {
          type: 'record',
          name: 'R',
          fields: [
            { name: 'f', type: 'float' },
            { name: 'n', type: 'null' },
          ],
        },
        { f: 1, n: null },
      ],
      [{ type: 'array', items: 'null' }, [null, null]],
    ];
    for (const [type, extra] of types) {
      for (const at of [0, 5, 12]) {
        const schema = evolved((fields) => fields.toSpliced(at, 0, { name: 'added', type }));
        expect(taken(schema, { ...value, added: extra })).toEqual(ours());
      }
    }
  });

  test('a recursive field is skipped up to a depth, and beyond it the record is undecodable', () => {
    const node = { type: 'record', name: 'Node', fields: [{ name: 'next', type: ['null', 'Node'] }] };
    const schema = evolved((fields) => [{ name: 'chain', type: node }, ...fields]);
    const chain = (length: number) =>
      framed(Buffer.concat([Buffer.alloc(length, 2), Buffer.from([0]), TYPE.toBuffer(LEAST)]));
    expect(isRefusal(decode(schema, chain(100)))).toBe(false);
    expect(undecodable(schema, chain(100_000))).toContain('nested');
  });

  test('two billion nulls in a field that is skipped are no work', () => {
    const schema = evolved((fields) => [{ name: 'nulls', type: { type: 'array', items: 'null' } }, ...fields]);
    const count = avsc.Type.forSchema('long').toBuffer(2 ** 50);
    const value = framed(Buffer.concat([count, Buffer.from([0]), TYPE.toBuffer(LEAST)]));
    expect(isRefusal(decode(schema, value))).toBe(false);
  });

  test('a field with a default that is left out has its default', () => {
    const dropped = ['profile_id', 'sent_at', 'received_at', 'debug', 'context', 'properties', 'traits', 'source_id'];
    const schema = evolved((fields) => fields.filter(({ name }) => !dropped.includes(name)));
    expect(taken(schema, LEAST)).toEqual(taken(OURS, LEAST));
  });

  test('values of one record do not show in the next', () => {
    const decoder = new AvroDecoder({ keepProperties: true });
    decoder.addWriter(1, TRACK_EVENT_SCHEMA);
    const full = {
      ...LEAST,
      profile_id: 'p',
      context: { ip: '1', extra: { a: 'b' } },
      traits: { a: 1 },
      properties: { b: 2 },
    };
    decoder.decode(recordOf(written(OURS, full)));
    const cut = written(OURS, full);
    decoder.decode(recordOf(cut.subarray(0, cut.length - 3)));
    expect(decoder.decode(recordOf(written(OURS, LEAST))).entries.map(plainEntry)).toMatchObject([
      taken(OURS, LEAST, true),
    ]);
  });

  test('an int instead of a long, and fields in another order, are read', () => {
    const schema = evolved((fields) =>
      fields.reverse().map((field) => (field.name === 'sent_at' ? { name: 'sent_at', type: 'int' } : field)),
    );
    const entry = taken(schema, { ...value, sent_at: 5, occurred_at: NOW });
    expect(entry.t).toBe(NOW + 500);
  });

  test('a plain long and one marked timestamp-millis are both milliseconds', () => {
    expect(taken(withType('occurred_at', 'long'), value)).toEqual(ours());
    expect(taken(withType('occurred_at', { type: 'long', logicalType: 'timestamp-millis' }), value)).toEqual(ours());
  });

  test.each(['timestamp-micros', 'local-timestamp-millis', 'timestamp-nanos', 'time-micros'])(
    'a time in %s is refused with its name, in each of the three fields',
    (logicalType) => {
      for (const name of ['occurred_at', 'sent_at', 'received_at']) {
        for (const type of [{ type: 'long', logicalType }, ['null', { type: 'long', logicalType }]]) {
          if (name === 'occurred_at' && Array.isArray(type)) continue;
          const schema = withType(name, type);
          const error = undecodable(schema, written(schema, { ...value, [name]: NOW }));
          expect(error).toContain(name);
          expect(error).toContain(logicalType);
          expect(error).toContain('timestamp-millis');
        }
      }
    },
  );

  test('a text marked uuid is read, decimals are refused', () => {
    expect(taken(withType('event_id', { type: 'string', logicalType: 'uuid' }), value)).toEqual(ours());
    const decimal = { type: 'bytes', logicalType: 'decimal', precision: 4, scale: 2 };
    const schema = withType('traits', { type: 'map', values: ['null', decimal] });
    expect(undecodable(schema, written(schema, LEAST))).toContain('decimal');
  });

  test('a logical type on a field that is not read does not matter', () => {
    const schema = evolved((fields) => [
      ...fields,
      { name: 'x', type: { type: 'long', logicalType: 'timestamp-micros' } },
    ]);
    expect(taken(schema, { ...value, x: 1 })).toEqual(ours());
  });

  test('numbers of any type are read where a double stands, long beside double too', () => {
    for (const type of ['int', 'long', 'float', 'double']) {
      expect(taken(withType('traits', { type: 'map', values: type }), value).traits).toEqual([['a', 1]]);
    }
    const both = withType('traits', { type: 'map', values: ['null', 'long', 'double', 'string'] });
    const traits = { a: { long: 7 }, b: { double: 1.5 }, c: null, d: { string: 'x' } };
    expect(taken(both, { ...value, traits }).traits).toEqual([
      ['a', 7],
      ['b', 1.5],
      ['c', null],
      ['d', 'x'],
    ]);
  });

  test('a schema without a required field, or of another type, is undecodable with the reason', () => {
    const without = evolved((fields) => fields.filter(({ name }) => name !== 'session_id'));
    expect(undecodable(without, written(without, LEAST))).toContain('session_id');
    const other = withType('type', 'int');
    expect(undecodable(other, written(other, { ...LEAST, type: 1 }))).toContain('TrackEvent');
    const named = evolved((fields) => fields, { name: 'Other' });
    expect(undecodable(named, written(named, LEAST))).toContain('Other');
    const optional = withType('session_id', ['null', 'string']);
    undecodable(optional, written(optional, LEAST));
  });

  test('what is no Avro schema is undecodable with the reason', () => {
    const record = written(OURS, LEAST);
    expect(undecodable('{', record)).toContain('not JSON');
    expect(undecodable('{"type":"record"}', record)).toContain('not valid Avro');
    expect(undecodable('{"schemaType":"PROTOBUF"}', record)).toContain('PROTOBUF');
  });

  test('a default that does not fit its type does not keep a writer’s schema from being read', () => {
    const schema = evolved((fields) => [...fields, { name: 'x', type: 'long', default: 'none' }]);
    const clean = evolved((fields) => [...fields, { name: 'x', type: 'long' }]);
    expect(isRefusal(decode(schema, written(clean, { ...value, x: 1 })))).toBe(false);
  });
});

describe('properties', () => {
  const properties = fc.dictionary(text, scalar, { maxKeys: 5, noNullPrototype: true });

  test('whether an event is taken does not depend on whether its properties are kept', () => {
    fc.assert(
      fc.property(properties, (properties) => {
        const value = written(OURS, { ...LEAST, properties });
        const kept = decode(OURS, value, true);
        const not = decode(OURS, value, false);
        expect(isRefusal(not)).toBe(isRefusal(kept));
        if (isRefusal(kept) || isRefusal(not)) return;
        expect(not).toEqual({ ...kept, properties: null });
      }),
    );
  });

  test('a number that is not finite is refused though properties are skipped', () => {
    for (const keep of [true, false]) {
      const entry = decode(OURS, written(OURS, { ...LEAST, properties: { a: 1, b: Number.NaN, c: 2 } }), keep);
      expect(entry).toMatchObject({ refused: 'invalid', eventId: 'e1' });
      expect(isRefusal(entry) && entry.error).toContain('"b"');
    }
  });
});
