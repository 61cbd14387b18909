import { describe, expect, test } from '@jest/globals';
import avsc from 'avsc';
import fc from 'fast-check';
import { compareUtf8 } from '../../src/core/rules/order.ts';
import type { VisitEnded } from '../../src/core/rules/visit-ended.ts';
import { VISIT_ENDED_SCHEMA } from '../../src/wire/schemas.ts';
import { decodeVisitEnded } from '../../src/wire/visit-ended.ts';
import { NAMED } from '../reference/visits.ts';
import { encodeVisitEnded } from './support/messages.ts';

const TYPE = avsc.Type.forSchema(JSON.parse(VISIT_ENDED_SCHEMA));

// Lengths around those at which a length takes one byte more, of ASCII and of what takes up to four bytes.
const text = fc.oneof(
  { weight: 8, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }).map((raw) => raw.toWellFormed()) },
  { weight: 8, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 70 }) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('a', 'ż', '語', '😀'), fc.constantFrom(15, 16, 31, 32, 63, 64))
      .map(([unit, length]) => unit.repeat(length)),
  },
);
const nullable = fc.option(text, { nil: null });
const count = fc.nat(2 ** 31 - 1);
const time = fc.integer({ min: 946_684_800_000, max: 4_102_444_800_000 });
const types = fc.dictionary(fc.oneof(text, fc.nat(999).map(String)), count, { maxKeys: 8, noNullPrototype: true });
const anyMessage: fc.Arbitrary<VisitEnded> = fc.record({
  eventId: text,
  visitId: text,
  sessionId: text,
  profileId: nullable,
  sourceId: nullable,
  revision: count,
  reason: fc.constantFrom('inactivity', 'explicit', 'max_duration', 'max_events'),
  retracted: fc.boolean(),
  mergedInto: nullable,
  startedAt: time,
  endedAt: time,
  decidedAt: time,
  amendableUntil: time,
  eventCount: count,
  pageViewCount: count,
  lateEventCount: count,
  eventTypes: types.map((map) => Object.entries(map).sort(([a], [b]) => compareUtf8(a, b))),
  entryPage: nullable,
  exitPage: nullable,
  referrer: nullable,
  utm: fc.option(fc.tuple(nullable, nullable, nullable, nullable, nullable), { nil: null }),
  named: fc.array(nullable, { minLength: NAMED.length, maxLength: NAMED.length }),
  debug: fc.boolean(),
  openedOffset: fc.nat(Number.MAX_SAFE_INTEGER),
});

const MESSAGE: VisitEnded = {
  eventId: 'id',
  visitId: 'v',
  sessionId: 's',
  profileId: null,
  sourceId: null,
  revision: 0,
  reason: 'inactivity',
  retracted: false,
  mergedInto: null,
  startedAt: 1_767_225_600_000,
  endedAt: 1_767_225_660_000,
  decidedAt: 1_767_227_600_000,
  amendableUntil: 1_767_325_600_000,
  eventCount: 3,
  pageViewCount: 2,
  lateEventCount: 0,
  eventTypes: [
    ['10', 1],
    ['9', 1],
    ['page-view', 1],
  ],
  entryPage: '/',
  exitPage: '/b',
  referrer: null,
  utm: ['mail', null, null, null, 'x'],
  named: ['mobile', 'b', 'm', 'os', 'br', 'PL', 'r', 'c', 'en'],
  debug: false,
  openedOffset: 7,
};

/** The message as the schema names its fields. */
function asAvro(message: VisitEnded, topic: string, partition: number) {
  const [source, medium, campaign, term, content] = message.utm ?? [];
  const named = Object.fromEntries(NAMED.map((name, i) => [name, message.named[i]]));
  return {
    event_id: message.eventId,
    type: 'visit-ended',
    name: 'Visit Ended',
    visit_id: message.visitId,
    session_id: message.sessionId,
    profile_id: message.profileId,
    source_id: message.sourceId,
    revision: message.revision,
    reason: message.reason,
    retracted: message.retracted,
    merged_into: message.mergedInto,
    started_at: message.startedAt,
    ended_at: message.endedAt,
    decided_at: message.decidedAt,
    amendable_until: message.amendableUntil,
    duration_ms: message.endedAt - message.startedAt,
    event_count: message.eventCount,
    page_view_count: message.pageViewCount,
    late_event_count: message.lateEventCount,
    event_types: Object.fromEntries(message.eventTypes),
    entry_page: message.entryPage,
    exit_page: message.exitPage,
    referrer: message.referrer,
    utm: message.utm === null ? null : { source, medium, campaign, term, content },
    ...named,
    debug: message.debug,
    opened_at_offset: { topic, partition, offset: message.openedOffset },
  };
}

describe('VisitEnded', () => {
  test('what is written is read back', () => {
    fc.assert(
      fc.property(anyMessage, text, fc.nat(1000), fc.nat(0x7fffffff), (message, topic, partition, id) => {
        const bytes = encodeVisitEnded(message, topic, partition, id);
        expect(bytes[0]).toBe(0);
        expect(bytes.readUInt32BE(1)).toBe(id);
        const { type, name, durationMs, topic: fromTopic, partition: fromPartition, ...rest } = decodeVisitEnded(bytes);
        expect(rest).toEqual(message);
        expect({ type, name, fromTopic, fromPartition }).toEqual({
          type: 'visit-ended',
          name: 'Visit Ended',
          fromTopic: topic,
          fromPartition: partition,
        });
        expect(durationMs).toBe(message.endedAt - message.startedAt);
      }),
    );
  });

  test('the same is written as another writer of the schema does, types in our order', () => {
    fc.assert(
      fc.property(anyMessage, text, fc.nat(1000), (message, topic, partition) => {
        // Its writer takes maps as objects, and those put names that look like integers first.
        const eventTypes = message.eventTypes.filter(([type]) => !/^\d+$/.test(type) && type !== '__proto__');
        // And it refuses what is half a step from being inexact.
        const given = { ...message, eventTypes, openedOffset: Math.min(message.openedOffset, 2 ** 52) };
        const bytes = encodeVisitEnded(given, topic, partition, 7);
        expect(bytes.toString('hex', 5)).toBe(TYPE.toBuffer(asAvro(given, topic, partition)).toString('hex'));
      }),
      { numRuns: 500 },
    );
  });

  test('texts take the bytes of their length that Avro takes, around the lengths at which that changes', () => {
    for (const unit of ['a', 'ż', '語', '😀']) {
      for (const length of [0, 1, 10, 11, 15, 16, 31, 32, 63, 64, 2_730, 2_731, 4_095, 4_096, 8_191, 8_192]) {
        const given = { ...MESSAGE, entryPage: unit.repeat(length), eventTypes: [] };
        const bytes = encodeVisitEnded(given, unit.repeat(length), 0, 7);
        const judge = TYPE.toBuffer(asAvro(given, unit.repeat(length), 0));
        expect(bytes.subarray(5).equals(judge)).toBe(true);
      }
    }
  });

  test('numbers are written as Avro writes them, also where twice their value is no safe integer', () => {
    const edges = [0, 63, 64, 2 ** 13, 2 ** 20 - 1, 2 ** 31, 2 ** 52, Number.MAX_SAFE_INTEGER];
    for (const openedOffset of edges.flatMap((edge) => [edge, -edge, -edge - (edge < 2 ** 52 ? 1 : 0)])) {
      const bytes = encodeVisitEnded({ ...MESSAGE, openedOffset }, '', 0, 1);
      expect(decodeVisitEnded(bytes).openedOffset).toBe(openedOffset + 0);
      // Written with BigInt, as the Avro specification says it.
      let zigzag = (BigInt(openedOffset) << 1n) ^ (BigInt(openedOffset) >> 63n);
      const tail: number[] = [];
      for (; zigzag > 127n; zigzag >>= 7n) tail.push(Number(zigzag & 127n) | 128);
      expect([...bytes.subarray(-tail.length - 1)]).toEqual([...tail, Number(zigzag)]);
    }
  });

  test('another reader of the schema reads the same', () => {
    const bytes = encodeVisitEnded(MESSAGE, 'tracks', 2, 9);
    expect(JSON.parse(JSON.stringify(TYPE.fromBuffer(bytes.subarray(5))))).toEqual({
      event_id: 'id',
      type: 'visit-ended',
      name: 'Visit Ended',
      visit_id: 'v',
      session_id: 's',
      profile_id: null,
      source_id: null,
      revision: 0,
      reason: 'inactivity',
      retracted: false,
      merged_into: null,
      started_at: 1_767_225_600_000,
      ended_at: 1_767_225_660_000,
      decided_at: 1_767_227_600_000,
      amendable_until: 1_767_325_600_000,
      duration_ms: 60_000,
      event_count: 3,
      page_view_count: 2,
      late_event_count: 0,
      event_types: { '9': 1, '10': 1, 'page-view': 1 },
      entry_page: '/',
      exit_page: '/b',
      referrer: null,
      utm: { source: 'mail', medium: null, campaign: null, term: null, content: 'x' },
      device_type: 'mobile',
      device_brand: 'b',
      device_model: 'm',
      os: 'os',
      browser: 'br',
      country: 'PL',
      region: 'r',
      city: 'c',
      language: 'en',
      debug: false,
      opened_at_offset: { topic: 'tracks', partition: 2, offset: 7 },
    });
    expect(
      JSON.parse(JSON.stringify(TYPE.fromBuffer(encodeVisitEnded({ ...MESSAGE, utm: null }, 't', 0, 1).subarray(5)))),
    ).toMatchObject({ utm: null });
  });

  test('types stand in the order of their UTF-8 bytes, also those that look like integers', () => {
    const bytes = encodeVisitEnded(MESSAGE, 't', 0, 1).toString('latin1');
    const [ten, nine, page] = ['\x0410', '\x029', '\x12page-view'].map((key) => bytes.indexOf(key));
    expect(ten).toBeGreaterThan(0);
    expect(nine).toBeGreaterThan(ten!);
    expect(page).toBeGreaterThan(nine!);
  });

  test('what is cut off or goes on is refused', () => {
    const bytes = encodeVisitEnded(MESSAGE, 't', 0, 1);
    expect(() => decodeVisitEnded(bytes.subarray(0, -1))).toThrow();
    expect(() => decodeVisitEnded(Buffer.concat([bytes, Buffer.from([0])]))).toThrow('follow');
    expect(() => decodeVisitEnded(Buffer.from('x'))).toThrow('Confluent');
  });

  test('a number that Avro cannot hold exactly is refused, not rounded', () => {
    expect(() => encodeVisitEnded({ ...MESSAGE, endedAt: 2 ** 53 }, 't', 0, 1)).toThrow(RangeError);
    const before = encodeVisitEnded(MESSAGE, 't', 0, 1);
    expect(() => encodeVisitEnded({ ...MESSAGE, endedAt: 0.5 }, 't', 0, 1)).toThrow(RangeError);
    // What failed halfway leaves nothing behind in the next message.
    expect(encodeVisitEnded(MESSAGE, 't', 0, 1)).toEqual(before);
  });
});
