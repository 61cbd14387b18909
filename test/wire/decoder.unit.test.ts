import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Entry } from '../../src/core/rules/event.ts';
import type { RawRecord } from '../../src/ports/record.ts';
import { createDecoder, type InputFormat } from '../../src/wire/decoder.ts';
import { TRACK_EVENT_SCHEMA } from '../../src/wire/schemas.ts';

const NOW = 1_767_225_600_000;
const SOURCE = { topic: 'tracks', partition: 3 };

function recordOf(value: Buffer | string | null, headers: RawRecord['headers'] = [], offset = 41): RawRecord {
  return {
    offset,
    timestamp: NOW + 500,
    key: null,
    value: typeof value === 'string' ? Buffer.from(value) : value,
    headers,
  };
}

function entries(format: InputFormat, value: unknown, offset = 41): readonly Entry[] {
  const raw = recordOf(typeof value === 'string' ? value : JSON.stringify(value), [], offset);
  const record = createDecoder(format, SOURCE, { keepProperties: true }).decode(raw);
  expect(record).toMatchObject({ offset, timestamp: NOW + 500 });
  expect(record.raw).toBe(raw);
  return record.entries;
}

const one = (value: unknown): Entry => {
  const found = entries('json', value);
  expect(found).toHaveLength(1);
  return found[0]!;
};

const LEAST = { event_id: 'e1', session_id: 's1', type: 'page-view', occurred_at: NOW };

describe('any format', () => {
  test.each<InputFormat>(['avro', 'json', 'tracardi'])('a record without a value is undecodable in %s', (format) => {
    const decoder = createDecoder(format, SOURCE, { keepProperties: false });
    expect(decoder.decode(recordOf(null)).entries).toMatchObject([{ refused: 'undecodable' }]);
  });

  test('whatever the bytes are, decoding ends with at least one entry', () => {
    const decoders = (['avro', 'json', 'tracardi'] as const).map((format) => {
      const decoder = createDecoder(format, SOURCE, { keepProperties: true });
      return decoder;
    });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          const record = recordOf(Buffer.from(bytes));
          for (const decoder of decoders) {
            for (const id of decoder.missing([record])) decoder.addWriter(id, TRACK_EVENT_SCHEMA);
            expect(decoder.decode(record).entries.length).toBeGreaterThan(0);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test('the schema ids that are not known yet are named once, in order of appearance', () => {
    const decoder = createDecoder('avro', SOURCE, { keepProperties: false });
    const named = (id: number) => recordOf(Buffer.from([0, 0, 0, 0, id, 9]));
    const records = [named(5), named(5), recordOf(null), named(2), named(5), recordOf('junk'), named(7)];
    expect(decoder.missing(records)).toEqual([5, 2, 7]);
    decoder.addWriter(2, TRACK_EVENT_SCHEMA);
    expect(decoder.missing(records)).toEqual([5, 7]);
    expect(createDecoder('json', SOURCE, { keepProperties: false }).missing(records)).toEqual([]);
  });
});

describe('JSON', () => {
  test('the same record as in Avro, unknown keys ignored', () => {
    const event = {
      ...LEAST,
      profile_id: 'p1',
      source_id: 'web',
      debug: true,
      color: 'red',
      context: {
        page: { url: 'https://x/a', path: null, unknown: 1 },
        extra: { a: 'b', c: null },
        ip: '10.0.0.1',
        more: {},
      },
      properties: { price: 1.5, nested: '{"a":1}' },
      traits: { plan: 'b', age: 7, gone: null, vip: true },
    };
    expect(one(event)).toEqual({
      eventId: 'e1',
      sessionId: 's1',
      profileId: 'p1',
      sourceId: 'web',
      debug: true,
      type: 'page-view',
      t: NOW,
      page: '/a',
      referrer: null,
      utm: null,
      named: null,
      context: [
        ['extra', { a: 'b' }],
        ['ip', '10.0.0.1'],
      ],
      contextPage: ['page', { url: 'https://x/a' }],
      contextUtm: null,
      traits: [
        ['age', 7],
        ['gone', null],
        ['plan', 'b'],
        ['vip', true],
      ],
      properties: '{"nested":"{\\"a\\":1}","price":1.5}',
    });
  });

  test('times are milliseconds or ISO 8601', () => {
    expect(one({ ...LEAST, occurred_at: '2026-01-01T01:00:00+01:00' })).toMatchObject({ t: NOW });
    const times = { occurred_at: NOW - 9000, sent_at: '2025-12-31T23:59:55Z', received_at: '2026-01-01T00:00:01Z' };
    expect(one({ ...LEAST, ...times })).toMatchObject({ t: NOW + 1000 - 4000 });
    expect(one({ ...LEAST, occurred_at: 'now' })).toMatchObject({ refused: 'undecodable', eventId: 'e1' });
    expect(one({ ...LEAST, occurred_at: NOW + 0.5 })).toMatchObject({ refused: 'invalid' });
  });

  test('what is no JSON object is undecodable', () => {
    for (const text of ['', '{', 'null', '[]', '"e1"', '1', '{"event_id":}', 'NaN']) {
      expect(one(text)).toMatchObject({ refused: 'undecodable', eventId: null });
    }
    expect(one(`\ufeff${JSON.stringify(LEAST)}`)).toMatchObject({ eventId: 'e1', t: NOW });
  });

  test.each([
    ['event_id', 5],
    ['session_id', {}],
    ['profile_id', 1],
    ['type', true],
    ['occurred_at', true],
    ['debug', 'true'],
    ['context', []],
    ['context', { page: 'x' }],
    ['context', { page: { url: 1 } }],
    ['context', { extra: { a: 1 } }],
    ['context', { ip: 1 }],
    ['traits', { a: {} }],
    ['traits', ['a']],
    ['properties', { a: [1] }],
  ])('%s of another type than the schema’s is undecodable: %j', (name, value) => {
    const entry = one({ ...LEAST, [name]: value });
    expect(entry).toMatchObject({ refused: 'undecodable', error: expect.stringContaining(name) });
  });

  test('a missing field that is required is invalid, as is a broken bound', () => {
    expect(one({ ...LEAST, session_id: undefined })).toMatchObject({ refused: 'invalid', eventId: 'e1' });
    expect(one({ ...LEAST, session_id: '' })).toMatchObject({ refused: 'invalid', eventId: 'e1' });
    expect(one('{"event_id":"e1","session_id":"s","type":"a","occurred_at":1e400}')).toMatchObject({
      refused: 'invalid',
    });
    expect(one(`{"traits":{"a":1e400},${JSON.stringify(LEAST).slice(1)}`)).toMatchObject({ refused: 'invalid' });
  });

  test('invalid UTF-8 and lone surrogates are refused in ids and replaced elsewhere', () => {
    const decoder = createDecoder('json', SOURCE, { keepProperties: false });
    const swap = (text: string) => {
      const bytes = Buffer.from(text);
      for (let i = 0; i < bytes.length; i++) if (bytes[i] === 0x23) bytes[i] = 0xff;
      return decoder.decode(recordOf(bytes)).entries[0];
    };
    expect(swap(JSON.stringify({ ...LEAST, event_id: 'e#' }))).toMatchObject({ refused: 'invalid', eventId: null });
    expect(swap(JSON.stringify({ ...LEAST, traits: { a: 'x#\ufffd' } }))).toMatchObject({
      traits: [['a', 'x\ufffd\ufffd']],
    });
    expect(one(`{"event_id":"e\\ud800",${JSON.stringify(LEAST).slice(17)}`)).toMatchObject({ refused: 'invalid' });
    expect(one({ ...LEAST, traits: { a: 'x\ud800' } })).toMatchObject({ traits: [['a', 'x\ufffd']] });
  });

  test('header tidemark-received-at stands in for received_at', () => {
    const decoder = createDecoder('json', SOURCE, { keepProperties: false });
    const raw = recordOf(JSON.stringify({ ...LEAST, sent_at: NOW }), [
      ['tidemark-received-at', Buffer.from('1767225700000')],
    ]);
    expect(decoder.decode(raw).entries).toMatchObject([{ t: 1767225700000 }]);
  });

  test('an object’s own key __proto__ is a trait as any other', () => {
    expect(one(`{"traits":{"__proto__":1},${JSON.stringify(LEAST).slice(1)}`)).toMatchObject({
      traits: [['__proto__', 1]],
    });
  });
});

describe('Tracardi’s payload', () => {
  const PAYLOAD = {
    source: { id: 'src' },
    session: { id: 'ses' },
    profile: { id: 'pro' },
    context: {
      time: { local: '1.1.2026', tz: 'Europe/Warsaw' },
      browser: {
        local: { browser: { userAgent: 'UA/1', name: 'Netscape', language: 'pl' }, device: { platform: 'Linux' } },
      },
      screen: { local: { width: 800, height: 600 } },
      utm: { source: 'mail', campaign: 'autumn' },
      location: { country: { code: 'PL', name: 'Poland' }, city: 'Warsaw', county: 'Mazovia', latitude: 52.2 },
    },
    events: [
      { type: 'page-view', id: 'e1', time: { create: '2026-01-01T00:00:00.000Z' }, properties: { title: 'x' } },
      {
        type: ' product-click ',
        context: { page: { url: 'https://x/p?a', path: '/p', referer: { host: 'search.example', query: null } } },
        properties: { price: 1.5, tags: ['b', { d: 1, c: 2 }], none: null },
      },
    ],
  };

  test('each element of events is one event, with what the payload shares', () => {
    const [first, second, ...more] = entries('tracardi', PAYLOAD);
    expect(more).toEqual([]);
    expect(first).toEqual({
      eventId: 'e1',
      sessionId: 'ses',
      profileId: 'pro',
      sourceId: 'src',
      debug: false,
      type: 'page-view',
      t: NOW,
      page: null,
      referrer: null,
      utm: ['mail', null, 'autumn', null, null],
      named: [null, null, null, null, null, 'PL', 'Mazovia', 'Warsaw', 'pl'],
      context: [
        ['device', { screen: '800x600' }],
        [
          'extra',
          {
            browser:
              '{"local":{"browser":{"language":"pl","name":"Netscape","userAgent":"UA/1"},"device":{"platform":"Linux"}}}',
            screen: '{"local":{"height":600,"width":800}}',
            time: '{"local":"1.1.2026","tz":"Europe/Warsaw"}',
          },
        ],
        ['language', 'pl'],
        ['location', { city: 'Warsaw', country: 'PL', region: 'Mazovia', timezone: 'Europe/Warsaw' }],
        ['user_agent', 'UA/1'],
      ],
      contextPage: null,
      contextUtm: ['utm', { campaign: 'autumn', source: 'mail' }],
      traits: [],
      properties: '{"title":"x"}',
    });
    expect(second).toMatchObject({
      type: 'product-click',
      t: NOW + 500,
      page: '/p',
      referrer: 'search.example',
      properties: '{"none":null,"price":1.5,"tags":"[\\"b\\",{\\"c\\":2,\\"d\\":1}]"}',
    });
  });

  test('an event without an id gets one from where it stands in the log: the same each time, its own each place', () => {
    const idAt = (offset: number, index: number) => {
      const events = Array.from({ length: 2 }, () => ({ type: 'a' }));
      return (entries('tracardi', { ...PAYLOAD, events }, offset)[index] as { eventId: string }).eventId;
    };
    expect(idAt(41, 0)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(idAt(41, 0)).toBe(idAt(41, 0));
    expect(new Set([idAt(41, 0), idAt(41, 1), idAt(42, 0), idAt(42, 1)]).size).toBe(4);
    // Kept in databases: a change of it would count all events of a replay anew.
    expect(idAt(41, 0)).toBe('b9cc148a-d5ae-55ea-bd7f-8242146f877b');
  });

  test('an event’s time is its create, then its insert, then the payload’s, then the record’s', () => {
    const t = (time: unknown, metadata?: unknown) =>
      (entries('tracardi', { ...PAYLOAD, metadata, events: [{ type: 'a', time }] })[0] as { t: number }).t;
    const create = '2026-01-02 00:00:00';
    const insert = '2026-01-03T00:00:00+00:00';
    expect(t({ create, insert })).toBe(NOW + 86_400_000);
    expect(t({ insert })).toBe(NOW + 2 * 86_400_000);
    expect(t(undefined, { time: { create } })).toBe(NOW + 86_400_000);
    expect(t({})).toBe(NOW + 500);
  });

  test('the context of an event goes before the payload’s, key by key', () => {
    const events = [{ type: 'a', context: { page: 'http://x.example/q', utm: { source: 'ads' } } }];
    expect(entries('tracardi', { ...PAYLOAD, events })).toMatchObject([
      {
        page: '/q',
        utm: ['ads', null, null, null, null],
        named: [null, null, null, null, null, 'PL', 'Mazovia', 'Warsaw', 'pl'],
      },
    ]);
  });

  test.each([
    [{ options: { debugger: true } }, {}],
    [{ debug: true }, {}],
    [{}, { options: { debugger: true } }],
  ])('debug traffic is marked: %j %j', (payload, event) => {
    expect(entries('tracardi', { ...PAYLOAD, ...payload, events: [{ type: 'a', ...event }] })).toMatchObject([
      { debug: true },
    ]);
    expect(entries('tracardi', { ...PAYLOAD, events: [{ type: 'a', options: { debugger: false } }] })).toMatchObject([
      { debug: false },
    ]);
  });

  test('a payload without events is one entry, invalid', () => {
    for (const events of [[], undefined, null]) {
      expect(entries('tracardi', { ...PAYLOAD, events })).toMatchObject([{ refused: 'invalid' }]);
    }
    expect(entries('tracardi', { ...PAYLOAD, events: {} })).toMatchObject([{ refused: 'undecodable' }]);
  });

  test('one broken event does not take the others with it', () => {
    const events = [
      { type: 'a' },
      5,
      { type: '' },
      { type: 7 },
      { type: 'b', time: { create: 'never' } },
      { type: 'c' },
    ];
    expect(entries('tracardi', { ...PAYLOAD, events })).toMatchObject([
      { type: 'a' },
      { refused: 'undecodable' },
      { refused: 'invalid' },
      { refused: 'undecodable' },
      { refused: 'undecodable' },
      { type: 'c' },
    ]);
  });

  test('without a session every event is invalid; without a profile none is', () => {
    expect(entries('tracardi', { ...PAYLOAD, session: undefined })).toMatchObject([
      { refused: 'invalid' },
      { refused: 'invalid' },
    ]);
    expect(entries('tracardi', { ...PAYLOAD, profile: null })).toMatchObject([
      { profileId: null },
      { profileId: null },
    ]);
  });

  test('values nested without end, or not finite, are refused and not stack or data lost', () => {
    const nested = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const payload = (value: string) => `{"session":{"id":"s"},"events":[{"type":"a","properties":{"x":${value}}}]}`;
    expect(entries('tracardi', payload(nested))).toMatchObject([{ refused: 'invalid' }]);
    expect(entries('tracardi', payload('[1e400]'))).toMatchObject([{ refused: 'invalid' }]);
    expect(entries('tracardi', payload('1e400'))).toMatchObject([{ refused: 'invalid' }]);
  });
});
