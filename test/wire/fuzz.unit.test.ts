import { describe, expect, test } from '@jest/globals';
import avsc from 'avsc';
import fc from 'fast-check';
import type { RawRecord } from '../../src/ports/record.ts';
import { UNKNOWN_SCHEMA } from '../../src/wire/avro.ts';
import { createDecoder, type Decoder, type InputFormat } from '../../src/wire/decoder.ts';
import { TRACK_EVENT_SCHEMA } from '../../src/wire/schemas.ts';
import { BYTE_CHANGES, changed, NASTY_JSON, NASTY_NUMBER, NASTY_TEXT, replaced, textOf } from './support/mutate.ts';
import { expectWithinBounds } from './support/within-bounds.ts';

const NOW = 1_767_225_600_000;
const RUNS = { numRuns: Number(process.env.FUZZ_RUNS ?? 400) };
const SOURCE = { topic: 'tracks', partition: 3 };
const decoderOf = (format: InputFormat) => createDecoder(format, SOURCE, { keepProperties: true });

function record(value: Buffer | null, headers: RawRecord['headers'] = []): RawRecord {
  return { offset: 41, timestamp: NOW + 500, key: null, value, headers };
}

/** Decodes, with and without properties kept, and fails unless each entry keeps the bounds. @returns how many events. */
function decodeAndCheck(decoder: Decoder, value: Buffer, headers: RawRecord['headers'] = []): number {
  const raw = record(value, headers);
  const { entries, misplaced: _, ...rest } = decoder.decode(raw);
  expect(rest).toEqual({ offset: 41, timestamp: NOW + 500, raw });
  expect(entries.length).toBeGreaterThan(0);
  for (const entry of entries) expectWithinBounds(entry);
  return entries.filter((entry) => !('refused' in entry)).length;
}

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null, freq: 2 });
const texts = (...names: string[]) =>
  maybe(fc.record(Object.fromEntries(names.map((name) => [name, maybe(NASTY_TEXT)] as const))));
const TIME = fc.oneof(
  fc.constant(NOW),
  fc.integer({ min: NOW - 1e10, max: NOW + 1e10 }),
  fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
);
const SCALARS = fc.dictionary(NASTY_TEXT, fc.oneof(NASTY_TEXT, NASTY_NUMBER, fc.boolean(), fc.constant(null)), {
  maxKeys: 110,
});

/** Anything that `schemas/TrackEvent.avsc` can say; ids that are mostly good. */
const EVENT = fc.record({
  event_id: fc.oneof({ weight: 5, arbitrary: fc.constant('e1') }, NASTY_TEXT),
  session_id: fc.oneof({ weight: 5, arbitrary: fc.constant('s1') }, NASTY_TEXT),
  profile_id: maybe(fc.oneof({ weight: 5, arbitrary: fc.constant('p1') }, NASTY_TEXT)),
  source_id: maybe(fc.oneof({ weight: 5, arbitrary: fc.constant('web') }, NASTY_TEXT)),
  type: fc.oneof({ weight: 5, arbitrary: fc.constant('page-view') }, NASTY_TEXT),
  occurred_at: fc.oneof({ weight: 3, arbitrary: fc.constant(NOW) }, TIME),
  sent_at: maybe(TIME),
  received_at: maybe(TIME),
  debug: fc.boolean(),
  context: maybe(
    fc.record({
      page: texts('url', 'path', 'title', 'referrer'),
      utm: texts('source', 'medium', 'campaign', 'term', 'content'),
      device: texts('type', 'brand', 'model', 'os', 'browser', 'screen'),
      location: texts('country', 'region', 'city', 'timezone'),
      ip: maybe(NASTY_TEXT),
      user_agent: maybe(NASTY_TEXT),
      extra: fc.dictionary(NASTY_TEXT, NASTY_TEXT, { maxKeys: 20 }),
    }),
  ),
  properties: SCALARS,
  traits: fc.oneof(fc.constant({}), SCALARS),
});

const TYPE = avsc.Type.forSchema(JSON.parse(TRACK_EVENT_SCHEMA), { wrapUnions: false });
const avroOf = (event: object) => Buffer.concat([Buffer.from([0, 0, 0, 0, 7]), TYPE.toBuffer(event)]);

const PAYLOAD = fc.record({
  source: fc.constant({ id: 'web' }),
  session: fc.constant({ id: 's1' }),
  profile: maybe(fc.constant({ id: 'p1' })),
  metadata: fc.constant({ time: { create: '2026-01-01T00:00:00Z' }, ip: '10.0.0.1' }),
  context: fc.dictionary(fc.constantFrom('page', 'utm', 'device', 'location', 'browser', 'x', '__proto__'), NASTY_JSON),
  events: fc.array(
    fc.record({ id: NASTY_TEXT, type: fc.constant('page-view'), properties: fc.dictionary(NASTY_TEXT, NASTY_JSON) }),
    {
      maxLength: 4,
    },
  ),
});

describe('whatever a value holds, it becomes entries within every bound', () => {
  test('what the schema allows, in Avro and the same in JSON', () => {
    const avro = decoderOf('avro');
    avro.addWriter(7, TRACK_EVENT_SCHEMA);
    let accepted = 0;
    fc.assert(
      fc.property(EVENT, (event) => {
        accepted += decodeAndCheck(avro, avroOf(event));
        accepted += decodeAndCheck(decoderOf('json'), Buffer.from(textOf(event)));
      }),
      RUNS,
    );
    // Without which nothing of the above would have been looked at.
    expect(accepted).toBeGreaterThan(RUNS.numRuns / 20);
  });

  test('Avro with some of its bytes changed', () => {
    const avro = decoderOf('avro');
    avro.addWriter(7, TRACK_EVENT_SCHEMA);
    fc.assert(
      fc.property(EVENT, BYTE_CHANGES, (event, changes) => {
        decodeAndCheck(avro, changed(avroOf(event), changes, 5));
      }),
      RUNS,
    );
  });

  test('JSON and Tracardi’s payload with a part replaced, and with some of their bytes changed', () => {
    const decoders = { json: decoderOf('json'), tracardi: decoderOf('tracardi') };
    const place = fc.array(fc.nat(99), { minLength: 1, maxLength: 5 });
    const values = fc.oneof(
      fc.record({ format: fc.constant('json' as const), value: EVENT }),
      fc.record({ format: fc.constant('tracardi' as const), value: PAYLOAD }),
    );
    fc.assert(
      fc.property(values, place, NASTY_JSON, NASTY_TEXT, BYTE_CHANGES, ({ format, value }, at, by, key, changes) => {
        const text = textOf(replaced(value as never, at, by as never, key));
        decodeAndCheck(decoders[format], Buffer.from(text));
        decodeAndCheck(decoders[format], changed(Buffer.from(text), changes));
      }),
      RUNS,
    );
  });

  test('header tidemark-received-at of any bytes', () => {
    const avro = decoderOf('avro');
    avro.addWriter(7, TRACK_EVENT_SCHEMA);
    const header = fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc.maxSafeInteger().map((number) => Buffer.from(String(number))),
    );
    fc.assert(
      fc.property(EVENT, header, (event, value) => {
        decodeAndCheck(avro, avroOf(event), [['tidemark-received-at', Buffer.from(value)]]);
      }),
      RUNS,
    );
  });

  test('a writer’s schema of which a part is replaced: read, or refused with the reason', () => {
    const schema = JSON.parse(TRACK_EVENT_SCHEMA);
    const types = fc.constantFrom(
      ...(['int', 'long', 'float', 'double', 'bytes', 'string', 'null', 'boolean', 'TrackEvent', 'Nothing'] as const),
      { type: 'long', logicalType: 'timestamp-micros' },
      { type: 'bytes', logicalType: 'decimal', precision: 4 },
      { type: 'fixed', name: 'F', size: 16 },
      { type: 'enum', name: 'E', symbols: ['A', 'B'] },
      { type: 'array', items: ['null', 'TrackEvent'] },
      { type: 'map', values: { type: 'map', values: 'null' } },
      ['null', 'string', 'long'],
      [],
    );
    const by = fc.oneof({ weight: 3, arbitrary: types }, NASTY_JSON);
    fc.assert(
      fc.property(
        fc.array(fc.nat(99), { minLength: 1, maxLength: 6 }),
        by,
        EVENT,
        BYTE_CHANGES,
        (at, by, event, changes) => {
          const avro = decoderOf('avro');
          avro.addWriter(7, textOf(replaced(schema, at, by as never, 'more')));
          decodeAndCheck(avro, changed(avroOf(event), changes, 5));
        },
      ),
      RUNS,
    );
  });

  test('schemas nested so deep that nothing reads them, and texts that are none', () => {
    const arrays = `${'{"type":"array","items":'.repeat(20_000)}"null"${'}'.repeat(20_000)}`;
    const field = JSON.parse(TRACK_EVENT_SCHEMA);
    let deep: unknown = 'string';
    for (let i = 0; i < 3_000; i++) deep = i % 2 === 0 ? { type: 'array', items: deep } : { type: 'map', values: deep };
    field.fields.push({ name: 'deep', type: deep });
    for (const text of [
      arrays,
      JSON.stringify(field),
      UNKNOWN_SCHEMA,
      '',
      '{',
      '"x"',
      '7',
      '[]',
      '{"type":"record"}',
    ]) {
      const avro = decoderOf('avro');
      avro.addWriter(7, text);
      expect(avro.decode(record(Buffer.from([0, 0, 0, 0, 7, 2, 97])))).toMatchObject({
        entries: [{ refused: 'undecodable' }],
      });
    }
  });
});
