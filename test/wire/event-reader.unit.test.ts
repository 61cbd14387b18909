import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { HintedEvent } from '../../src/core/memory/read-event.ts';
import { contextEntries } from '../../src/core/rules/context.ts';
import { isRefusal, type TrackEvent } from '../../src/core/rules/event.ts';
import type { RawRecord } from '../../src/ports/record.ts';
import { FetchedRecord } from '../../src/ports/record.ts';
import { AvroDecoder, schemaIdOfRecord } from '../../src/wire/avro.ts';
import { TRACK_EVENT_SCHEMA } from '../../src/wire/schemas.ts';
import { type Dice, dice, pick, whole } from '../simulator/dice.ts';
import { BYTE_CHANGES, changed, NASTY_NUMBER, NASTY_TEXT } from './support/mutate.ts';
import { plainEntry } from './support/plain-entry.ts';
import { slowDecoder } from './support/slow-decoder.ts';
import { endingWith, evolved, OURS, type Writer, withContext } from './support/writers.ts';

const NOW = 1_767_225_600_000;
const RUNS = Number(process.env.FUZZ_RUNS ?? 400);
const UUID = 'a3bb189e-8bf9-4888-9912-ace4e6543002';

function framed(body: Buffer, id = 1): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(id, 1);
  return Buffer.concat([header, body]);
}

const recordOf = (value: Buffer): RawRecord => ({ offset: 7, timestamp: NOW + 500, key: null, value, headers: [] });

/** The same in the middle of something else, as it was fetched. */
function fetched(value: Buffer, key: Buffer | null, before: Buffer, after: Buffer): FetchedRecord {
  // Not of a pool: nothing at all lies behind.
  const bytes = Buffer.from(new Uint8Array(Buffer.concat([before, key ?? Buffer.alloc(0), value, after])).buffer);
  const keyAt = before.length;
  const valueAt = keyAt + (key?.length ?? 0);
  return new FetchedRecord(
    7,
    NOW + 500,
    bytes,
    key === null ? -1 : keyAt,
    valueAt,
    valueAt,
    valueAt + value.length,
    [],
  );
}

function decoderOf(keepProperties = false, ...writers: Writer[]): AvroDecoder {
  const decoder = new AvroDecoder({ keepProperties });
  for (const [i, { schema }] of writers.entries()) decoder.addWriter(i + 1, schema);
  return decoder;
}

/** Events of few sessions, whose parts come again and again, in part next to each other and in part changed. */
const texts = fc.sample(NASTY_TEXT, { numRuns: 60, seed: 1 });
const numbers = fc.sample(NASTY_NUMBER, { numRuns: 30, seed: 2 });

function anyEvent(draw: Dice) {
  const odd = draw() < 0.3;
  const text = (...usual: (string | null)[]) => (odd && draw() < 0.15 ? pick(draw, texts) : pick(draw, usual));
  const maybe = <T>(value: T) => (draw() < 0.2 ? null : value);
  const map = (values: readonly unknown[], most: number) =>
    Object.fromEntries(
      Array.from({ length: whole(draw, 0, most) }, () => [text('a', 'b', 'é', '__proto__'), pick(draw, values)]),
    );
  const time = (usual: number | null) => (odd && draw() < 0.1 ? pick(draw, [0, -5, 2 ** 52, NOW * 1000]) : usual);
  const url = `https://shop.example/p/${whole(draw, 0, 20)}`;
  const long = 'y'.repeat(whole(draw, 100, 9_000));
  return {
    event_id: text(UUID, 'e1', UUID.toUpperCase(), 'é'.repeat(18)),
    session_id: text(UUID, 's1', 's2', 'sé', `session-${'0123456789'.repeat(11)}`),
    profile_id: text(null, 'p1', 'p2', ''),
    source_id: text(null, 'web', 'app'),
    type: text('page-view', 'sign-out', 'x'),
    occurred_at: time(NOW + whole(draw, 0, 1e6)),
    sent_at: time(maybe(NOW + 10)),
    received_at: time(maybe(NOW + 20)),
    debug: draw() < 0.1,
    context: maybe({
      page: maybe({
        url: text(url, null),
        path: text(null, '/x'),
        title: text(null, 't', long),
        referrer: text(null, url),
      }),
      utm: maybe({
        source: text('mail', null),
        medium: text(null, ''),
        campaign: text(null),
        term: null,
        content: null,
      }),
      device: maybe({
        type: text('mobile', 'desktop'),
        brand: null,
        model: text(null),
        os: text('A'),
        browser: text('C'),
        screen: text('1', '2'),
      }),
      location: maybe({ country: text('PL', 'DE'), region: null, city: text(null, 'Łódź'), timezone: text('Z') }),
      language: text(null, 'en', 'pl-PL'),
      ip: text(null, '10.0.0.1', ''),
      user_agent: text(null, 'Mozilla', long),
      extra: draw() < 0.8 ? {} : map(texts, 4),
    }),
    properties: draw() < 0.3 ? {} : map(odd ? [...numbers, ...texts, null, true] : [1, 'x', null, false], 4),
    traits: draw() < 0.6 ? {} : map(odd ? [...numbers, ...texts, null] : [1, 'x', null, -0], odd ? 130 : 4),
  };
}

describe('an event is what it is when its record is read whole, whatever was read before it', () => {
  const seeds = fc.integer();

  test.each([true, false])('of any writer, with any of its bytes changed (properties kept: %s)', (keepProperties) => {
    let good = 0;
    let refused = 0;
    fc.assert(
      fc.property(seeds, fc.array(BYTE_CHANGES, { minLength: 5, maxLength: 5 }), (seed, changes) => {
        const draw = dice(seed);
        const writers = [OURS, evolved(draw), evolved(draw)];
        const decoder = decoderOf(keepProperties, ...writers);
        const decoders = writers.map(({ schema }, i) => slowDecoder(schema, i + 1, keepProperties));
        const events = Array.from({ length: 12 }, () => anyEvent(draw));
        for (let i = 0; i < 40; i++) {
          const event = pick(draw, events);
          const other = pick(draw, events);
          const by = whole(draw, 0, writers.length);
          const mixed = draw() < 0.5 ? event : { ...event, session_id: other.session_id, context: other.context };
          const plain = framed(writers[by]!.write(mixed), by + 1);
          const value = draw() < 0.7 ? plain : changed(plain, pick(draw, changes), 5);
          const expected = decoders[by]!(value, NOW + 500);
          const rest = Buffer.from(plain.subarray(Math.min(value.length, plain.length)));
          const key = pick(draw, [null, '', mixed.session_id, other.session_id, 'k'.repeat(300)]);
          const keyBytes = key === null ? null : Buffer.from(key);
          const raw = draw() < 0.5 ? recordOf(value) : fetched(value, keyBytes, Buffer.alloc(whole(draw, 0, 5)), rest);
          if (draw() < 0.5) decoder.prefetch([raw], 0);
          const entries = decoder.decode(raw).entries.map(plainEntry);
          // Compared so first because it takes a tenth of the time.
          if (!isDeepStrictEqual(entries, [expected])) expect(entries).toEqual([expected]);
          if (isRefusal(expected)) refused++;
          else good++;
        }
      }),
      { numRuns: RUNS / 4 },
    );
    // Without which nothing of the above would have been looked at.
    expect(good).toBeGreaterThan(RUNS);
    expect(refused).toBeGreaterThan(RUNS);
  });

  test('cut off anywhere, though what follows in memory goes on as it did', () => {
    for (const writer of [OURS, endingWith('source_id'), endingWith('context'), endingWith('debug')]) {
      const decoder = decoderOf(true, writer);
      const decodeSlowly = slowDecoder(writer.schema, 1, true);
      const event = { ...anyEvent(dice(5)), traits: { a: 1 }, session_id: UUID, event_id: UUID, source_id: null };
      for (const each of [event, { ...event, context: null }]) {
        const whole = framed(writer.write(each));
        decoder.decode(recordOf(whole));
        for (let end = 5; end <= whole.length; end++) {
          const value = whole.subarray(0, end);
          const expected = decodeSlowly(Buffer.from(value), NOW + 500);
          expect(isRefusal(expected)).toBe(end < whole.length);
          for (const after of [whole.subarray(end), Buffer.alloc(0)]) {
            const raw = fetched(value, null, Buffer.alloc(3), after);
            expect(decoder.decode(raw).entries.map(plainEntry)).toEqual([expected]);
          }
        }
      }
    }
  });

  test.each([
    ['ours', OURS],
    ['one whose fields stand in another order', withContext('utm', 'device', 'page', 'location', 'ip', 'extra')],
  ])('with more pages, devices and sessions than are remembered, by %s', (_, writer) => {
    const decoder = decoderOf(false, writer);
    const decodeSlowly = slowDecoder(writer.schema, 1, false);
    const event = { ...anyEvent(dice(3)), event_id: UUID };
    const sessions = 20_011;
    for (let i = 0; i < 2 * sessions + 1_000; i++) {
      const n = i % 3 === 0 ? i % 500 : (i * 7_919) % sessions;
      // What comes first stays the same, and what comes last is new each time, or the other way round.
      const device = { type: i % 2 === 0 ? 'mobile' : `d${n % 5_003}` };
      const location = { city: i % 2 === 0 ? `c${n}` : 'Łódź' };
      const context = {
        page: { path: `/${n % 4_999}` },
        utm: { source: 'mail' },
        device,
        location,
        ip: `${i}`,
        extra: {},
      };
      const ids = { session_id: `s${n}`, profile_id: `p${n % 9_001}` };
      const value = framed(writer.write({ ...event, ...ids, context, traits: { n: n % 700 } }));
      const entries = decoder.decode(recordOf(value)).entries.map(plainEntry);
      const expected = decodeSlowly(value, NOW + 500);
      if (!isDeepStrictEqual(entries, [expected])) expect(entries).toEqual([expected]);
    }
  });

  test('whatever was read ahead, which is a few records at a time up to the last', () => {
    const decoder = decoderOf(false, OURS);
    const event = { ...anyEvent(dice(3)), event_id: UUID };
    const records = Array.from({ length: 150 }, (_, i) => {
      const sessionId = `s${i % 70}`;
      const value = framed(OURS.write({ ...event, session_id: sessionId, profile_id: `p${i % 70}` }));
      const key = Buffer.from(i % 7 === 0 ? 'x'.repeat(5_000) : sessionId);
      return i % 5 === 0 ? recordOf(value) : fetched(value, i % 3 === 0 ? null : key, Buffer.alloc(i % 4), key);
    });
    const stops = [0];
    const sessions: string[] = [];
    for (let i = 0; i < records.length; i++) {
      if (i === stops.at(-1)) stops.push(decoder.prefetch(records, i));
      sessions.push((decoder.decode(records[i]!).entries[0] as TrackEvent).sessionId);
    }
    expect(sessions).toEqual(records.map((_, i) => `s${i % 70}`));
    expect(stops).toEqual([0, 64, 128, 150]);
    expect(decoder.prefetch([], 0)).toBe(0);
  });

  test('by two writers whose bytes mean something else', () => {
    const swapped = TRACK_EVENT_SCHEMA.replace('"brand"', '"b"')
      .replace('"model"', '"brand"')
      .replace('"b"', '"model"');
    expect(JSON.parse(swapped)).not.toEqual(JSON.parse(TRACK_EVENT_SCHEMA));
    const decoder = decoderOf(false, OURS, { ...OURS, schema: swapped });
    const body = OURS.write({
      ...anyEvent(dice(1)),
      event_id: UUID,
      context: { device: { brand: 'B', model: 'M' }, extra: {} },
    });
    for (let i = 0; i < 3; i++) {
      expect(decoder.decode(recordOf(framed(body, 1))).entries).toMatchObject([
        { named: [null, 'B', 'M', null, null, null, null, null, null] },
      ]);
      expect(decoder.decode(recordOf(framed(body, 2))).entries).toMatchObject([
        { named: [null, 'M', 'B', null, null, null, null, null, null] },
      ]);
    }
  });

  test('ids of 36 bytes: any of them wrong is refused, any letter is taken', () => {
    const decoder = decoderOf(false, OURS);
    const ids = { event_id: UUID, session_id: UUID, profile_id: UUID, source_id: UUID, type: UUID };
    const value = framed(OURS.write({ ...anyEvent(dice(1)), ...ids }));
    const starts = [value.indexOf(UUID)];
    for (const _ of Object.keys(ids).slice(1)) starts.push(value.indexOf(UUID, starts.at(-1)! + 1));
    for (const start of starts) {
      for (let i = 0; i < 36; i++) {
        for (const [byte, good] of [
          [0, false],
          [1, true],
          [0x7f, true],
          [0x80, false],
          [0xff, false],
          [0x41, true],
        ] as const) {
          const other = Buffer.from(value);
          other[start + i] = byte;
          // Twice: what is refused is not remembered as good.
          for (let time = 0; time < 2; time++) {
            expect(isRefusal(decoder.decode(recordOf(other)).entries[0]!)).toBe(!good);
          }
        }
      }
    }
  });
});

describe('equal parts of events are the same objects', () => {
  const context = {
    page: { url: 'https://shop.example/p/1', referrer: 'https://search.example/' },
    utm: { source: 'mail' },
    device: { type: 'mobile' },
    location: { country: 'PL' },
    ip: '10.0.0.1',
    user_agent: 'Mozilla',
    extra: { a: 'b' },
  };
  const event = (fields: object = {}) => ({
    ...anyEvent(dice(1)),
    ...{ event_id: UUID, session_id: 's1', profile_id: 'p1', source_id: 'web', traits: { a: 1 }, context, ...fields },
  });
  const decoder = decoderOf(false, OURS);
  const read = (fields: object): HintedEvent => {
    const entry = decoder.decode(recordOf(framed(OURS.write(event(fields))))).entries[0]!;
    if (isRefusal(entry)) throw new Error(entry.error);
    return entry;
  };

  test('in one session and in another, and the event says so', () => {
    const first = read({});
    for (const [i, other] of [read({}), read({ session_id: 's2' })].entries()) {
      for (const key of ['context', 'contextPage', 'contextUtm', 'named', 'utm', 'traits'] as const)
        expect(other[key]).toBe(first[key]);
      expect(other).toMatchObject({ shared: true, sessionId: `s${i + 1}` });
    }
    expect(contextEntries(first).map(([key]) => key)).toEqual([
      'device',
      'extra',
      'ip',
      'location',
      'page',
      'user_agent',
      'utm',
    ]);
  });

  test('by a writer, too, whose page stands in the middle of what stays the same', () => {
    const writer = withContext('device', 'page', 'location', 'ip', 'utm', 'user_agent', 'extra');
    const other = decoderOf(false, writer);
    const value = framed(writer.write(event()));
    const [, second, third] = [1, 2, 3].map(() => other.decode(recordOf(value)).entries[0] as TrackEvent);
    expect(second).toMatchObject({ shared: true, named: [...read({}).named!] });
    expect(second!.context).toEqual(read({}).context);
    expect(third!.context).toBe(second!.context);
  });

  test('where what stands around them differs', () => {
    const first = read({});
    const other = read({ context: { ...context, ip: '10.0.0.2', page: { url: 'https://shop.example/p/2' } } });
    const kept = new Set(contextEntries(first));
    const same = contextEntries(other).filter((entry) => kept.has(entry));
    expect(same.map(([key]) => key)).toEqual(['device', 'extra', 'location', 'user_agent', 'utm']);
    expect(other.named).toBe(first.named);
  });

  test('what is met for the first time, or is long, is not said to be shared', () => {
    for (const page of [{ url: 'https://shop.example/never' }, { title: 'x'.repeat(600) }]) {
      expect(read({ context: { ...context, page } }).shared).toBe(false);
    }
    expect(read({ context: null }).shared).toBe(true);
  });
});

describe('whether the key is the session id', () => {
  const decoder = decoderOf(false, OURS);
  const recordFor = (session: string) =>
    framed(OURS.write({ ...anyEvent(dice(1)), event_id: 'e1', session_id: session, profile_id: null }));

  test.each([
    ['s1', 's1', false],
    ['s1', 's2', true],
    ['s1', 's', true],
    ['s1', 's12', true],
    ['s1', '', true],
    ['s1', null, true],
    [UUID, UUID, false],
    [UUID, UUID.replace('3', '4'), true],
    ['é', 'é', false],
    // Left to a comparison of texts.
    ['é', 'e', undefined],
  ])('session %s, key %s', (session, key, misplaced) => {
    const bytes = key === null ? null : Buffer.from(key);
    const value = recordFor(session);
    expect(decoder.decode({ ...recordOf(value), key: bytes }).misplaced).toBe(misplaced);
    expect(decoder.decode(fetched(value, bytes, Buffer.from('xx'), Buffer.from('y'))).misplaced).toBe(misplaced);
  });
});

test('the schema id of a record is found where the value lies', () => {
  const value = framed(Buffer.from('x'), 77);
  expect(schemaIdOfRecord(recordOf(value))).toBe(77);
  expect(schemaIdOfRecord(fetched(value, Buffer.from('key'), Buffer.alloc(4), Buffer.alloc(9)))).toBe(77);
  expect(schemaIdOfRecord(fetched(value.subarray(0, 4), null, Buffer.alloc(4), value))).toBeNull();
  expect(schemaIdOfRecord(fetched(framed(value, 0xffffffff), null, Buffer.alloc(4), value))).toBeNull();
  expect(schemaIdOfRecord(new FetchedRecord(1, 1, value, -1, -1, -1, -1, []))).toBeNull();
});
